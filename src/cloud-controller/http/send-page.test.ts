import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePage } from "./send-page.ts";

const link = { href: "https://api/v3/things?page=1&per_page=50" };
const pagination = {
  total_results: 2,
  total_pages: 1,
  first: link,
  last: link,
  next: null,
  previous: null,
};

test("a page is written in the bytes of its whole document", () => {
  const texts = ["plain", 'ü "quoted" \\ \n \u0001', "\u{1F600} \uD800 \u2028", ""];
  for (const rows of [texts, texts.slice(0, 1), []]) {
    for (const extra of [{}, { included: { spaces: [{ name: "ß" }] } }]) {
      const present = (name: string, index: number) => ({ index, name, nothing: undefined });
      const bytes = encodePage({ pagination, rows, present, ...extra });

      const document = { pagination, resources: rows.map(present), ...extra };
      assert.equal(bytes.toString(), JSON.stringify(document));
    }
  }
});

test("a resource is presented once the one before it is written", () => {
  const steps: string[] = [];
  const present = (name: string) => {
    steps.push(`present ${name}`);
    const toJSON = () => {
      steps.push(`write ${name}`);
      return name;
    };
    return { toJSON };
  };

  encodePage({ pagination, rows: ["a", "b"], present });

  assert.deepEqual(steps, ["present a", "write a", "present b", "write b"]);
});
