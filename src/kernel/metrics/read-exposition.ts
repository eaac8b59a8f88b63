import assert from "node:assert/strict";

const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([Nn]a[Nn]|[+-]?Inf|[-+.0-9e]+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/gy;

/** Of tests: the samples of a text by `name{label="value",...}`, labels in the order of their names; fails where it is none. */
export function readExposition(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const ended = new Set<string>();
  let family = "";
  assert.ok(text.endsWith("\n"), "ends with a line break");
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, kind, name = ""] = /^# (HELP|TYPE) (\S+) \S/.exec(line) ?? [];
    if (kind === "HELP") {
      assert.ok(!ended.has(name), `${name} comes twice`);
      ended.add(name);
      family = name;
    } else if (kind === undefined) {
      const [, series = "", labels = "", value] = sample.exec(line) ?? assert.fail(line);
      assert.ok(series.startsWith(family) && family !== "", `${series} stands below ${family}`);
      const key = `${series}{${sorted(labels, line)}}`;
      assert.ok(!samples.has(key), `${key} comes twice`);
      samples.set(key, Number(value));
    }
  }
  return samples;
}

function sorted(labels: string, line: string): string {
  const found = [...labels.matchAll(label)].map(([whole]) => whole.replace(/,$/, ""));
  assert.equal(found.join(","), labels, line);
  return found.toSorted().join(",");
}
