import type { Api } from "../test/support/api.ts";

export interface Staging {
  readonly state: string;
  readonly dropletGuid: string;
  /** From the request for the build to its final state. */
  readonly totalMs: number;
  /** What the buildpacks' own scripts took of it, by the staging's timeline; 0 where that was not asked for. */
  readonly scriptsMs: number;
  /** The longest of the rest, some of them beside one another. */
  readonly pieces: readonly { readonly name: string; readonly ms: number }[];
}

const scriptPhases = /^(detect|supply|finalize|compile|release)( |$)/;

/** Stages a package and waits for the end, as a client does: each answer is held until there is news. */
export async function stagingOf(
  api: Api,
  packageGuid: string,
  { asksTimeline = true }: { readonly asksTimeline?: boolean } = {},
): Promise<Staging> {
  const started = performance.now();
  const created = await api("POST", "/v3/builds", { package: { guid: packageGuid } });
  let build = created.json;
  while (build.state === "STAGING") build = (await api("GET", `/v3/builds/${build.guid}`)).json;
  const totalMs = performance.now() - started;
  const traces = asksTimeline
    ? await api("GET", `/rivera/v1/builds/${build.guid}/timeline`)
    : undefined;
  const spans: { name: string; startTimeUnixNano: string; endTimeUnixNano: string }[] =
    traces?.json.resourceSpans?.[0]?.scopeSpans[0].spans ?? [];
  const all = spans.map(({ name, startTimeUnixNano, endTimeUnixNano }) => ({
    name,
    ms: Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6,
  }));
  const [scripts, rest] = [true, false].map((wanted) =>
    all.filter(({ name }) => scriptPhases.test(name) === wanted),
  );
  return {
    state: build.state,
    dropletGuid: build.droplet?.guid,
    totalMs,
    scriptsMs: (scripts ?? []).reduce((sum, { ms }) => sum + ms, 0),
    pieces: (rest ?? [])
      .filter(({ name }) => name !== "staging" && !name.startsWith("process"))
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, 6),
  };
}

/**
 * From the request for one more instance to the first line that its app writes, by the log's own times. Each call adds one:
 * an index whose last instance is still ending would wait for that.
 */
export async function firstLineMs(options: {
  readonly api: Api;
  readonly logCache: string;
  readonly appGuid: string;
  /** How many there are. */
  readonly running: number;
}): Promise<number> {
  const { api, appGuid, running } = options;
  await instances(api, appGuid, running);
  const from = Date.now();
  await scale(api, appGuid, running + 1);
  await instances(api, appGuid, running + 1);
  const url = `${options.logCache}/api/v1/read/${appGuid}?start_time=${from}000000&envelope_types=LOG&limit=100`;
  // It comes a moment after the instance is known to run.
  for (let tries = 0; tries < 200; tries += 1) {
    const response = await fetch(url, { headers: { authorization: `bearer ${api.token}` } });
    const { envelopes } = (await response.json()) as {
      envelopes: { batch: { timestamp: string; instance_id: string; log: { payload: string } }[] };
    };
    const line = envelopes.batch.find(
      ({ instance_id: index, log }) =>
        index === String(running) && Buffer.from(log.payload, "base64").toString() === "first line",
    );
    if (line !== undefined) return Number(BigInt(line.timestamp) / 1_000_000n) - from;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("The new instance has not written its first line within 10 s");
}

async function scale(api: Api, appGuid: string, count: number): Promise<void> {
  await api("POST", `/v3/processes/${appGuid}/actions/scale`, { instances: count });
}

async function instances(api: Api, appGuid: string, count: number): Promise<void> {
  for (;;) {
    const { json } = await api("GET", `/v3/processes/${appGuid}/stats`);
    const running = json.resources.filter(({ state }: { state: string }) => state === "RUNNING");
    if (running.length === count && json.resources.length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
