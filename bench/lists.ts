import { execFile, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { z } from "zod";
import { openLoop } from "./lists/open-loop.ts";

// `npm run bench:lists [-- --seconds N] [-- --database URL]`: the two lists that clients ask for most, among 10,000 apps,
// 20,000 routes and 50,000 audit events, 100 requests a second over 16 connections; beside them the same queries by the
// bare driver; and the requests of `cf apps` in a space of 500 apps. On PostgreSQL with --database, RIVERA_DATABASE or
// below scripts/with-postgres, whose server waits for no disk and never vacuums by itself; its rows are in schemas of
// this run, which are dropped.
//
// The first window is of `GET /`, which asks nothing of a database: what it takes is the machine's, the client's and
// Node's, and on a busy machine the lists' times are to be read beside it. "CPU each" is the server's, warm-up included.
// "longest GC" is its longest collection of garbage: of the slowest requests what is not that waited for a processor or for
// the database. A window of 20 s has 2,000 requests, so that one pause alone does not make the p99. The server has been up
// for a while when it is measured: warmed up, with its connections open, its tables vacuumed and analyzed.

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "20" }, database: { type: "string" } },
});
const databaseUrl =
  values.database ?? process.env["RIVERA_DATABASE"] ?? process.env["RIVERA_POSTGRES_SERVER"];
const seconds = z.coerce.number().int().min(1).parse(values.seconds);

const readySchema = z.object({
  url: z.string(),
  tokens: z.object({ admin: z.string(), developer: z.string() }),
  spaceGuids: z.array(z.string()),
  largeSpaceGuid: z.string(),
});
type Ready = z.infer<typeof readySchema>;
/** Of the server, since it was last asked for the collection, and in sum for the processor time. */
const spentSchema = z.object({ cpuMs: z.number(), collectionMs: z.number() });

const program = path.resolve(import.meta.dirname, "../bin/rivera");
/** The garbage collector's setting that a platform runs with. */
const [youngGeneration] = /--max-semi-space-size=\d+/.exec(readFileSync(program, "utf8")) ?? [];
if (youngGeneration === undefined) throw new Error(`${program} no longer says how Node is to run`);
const directory = mkdtempSync(path.join(tmpdir(), "rivera-bench-lists-"));
const filledAt = performance.now();
const server = fork(
  path.join(import.meta.dirname, "lists-server.ts"),
  [JSON.stringify({ directory, databaseUrl })],
  { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [youngGeneration] },
);
const ended = once(server, "exit");
try {
  const ready = readySchema.parse(await told(server));
  const filling = ((performance.now() - filledAt) / 1_000).toFixed(0);
  print(`${databaseUrl === undefined ? "SQLite" : "PostgreSQL"}, filled in ${filling} s, real BBS`);
  print(
    "100 requests a second, 16 connections         p50         p99         max        bare    p50/bare    CPU each  longest GC",
  );
  await window(ready, "admin", { name: "GET /", paths: ["/"], minimumBytes: 100 });
  await measure(ready, "admin");
  await measure(ready, "developer");
  await countRequests(ready);
} finally {
  if (server.connected) server.disconnect();
  await ended;
  rmSync(directory, { recursive: true, force: true });
}

async function measure(ready: Ready, who: "admin" | "developer") {
  const lists = {
    apps: ["/v3/apps?per_page=100&include=space.organization"],
    processes: ready.spaceGuids.map(
      (guid) => `/v3/processes?per_page=100&space_guids=${guid}&embed=process_instances`,
    ),
  };
  for (const [name, paths] of Object.entries(lists)) {
    await window(ready, who, { name: `${name} as ${who}`, paths, minimumBytes: 50_000 });
  }
}

interface Asked {
  readonly name: string;
  readonly paths: readonly string[];
  readonly minimumBytes: number;
}

async function window(
  { url, tokens }: Ready,
  who: "admin" | "developer",
  { name, paths, minimumBytes }: Asked,
): Promise<void> {
  const token = tokens[who];
  const bare = await bareQueriesOf(`${url}${paths[0] ?? ""}`, token);
  const load = loadavg()[0] ?? 0;
  const before = spentSchema.parse(await ask("spent"));
  const loop = { url, token, paths, perSecond: 100, connections: 16, seconds, minimumBytes };
  const { requests, p50, p99, max } = await openLoop(loop);
  const after = spentSchema.parse(await ask("spent"));
  const cpuMs = (after.cpuMs - before.cpuMs) / requests;
  print(
    name.padEnd(37) +
      [p50, p99, max, bare].map(inMs).join("") +
      (bare > 0.1 ? (p50 / bare).toFixed(1) : "").padStart(12) +
      [cpuMs, after.collectionMs].map(inMs).join("") +
      `   (load ${load.toFixed(1)})`,
  );
}

/** Milliseconds that the queries of one such request take alone. */
async function bareQueriesOf(url: string, token: string): Promise<number> {
  await ask("watch");
  const response = await fetch(url, { headers: { authorization: `bearer ${token}` } });
  await response.arrayBuffer();
  return z.number().parse(await ask("bareMs"));
}

/** `cf apps` of our client, and of the official one where CF_CLI names it. */
async function countRequests(ready: Ready): Promise<void> {
  const official = process.env["CF_CLI"];
  const clients = [
    { name: "rivera", program },
    ...(official === undefined ? [] : [{ name: "cf", program: official }]),
  ];
  for (const { name, program } of clients) {
    const home = loggedIn(ready, name);
    await ask("watch");
    const { stdout } = await promisify(execFile)(program, ["apps"], {
      env: { PATH: process.env["PATH"], CF_HOME: home, RIVERA_HOME: home },
      maxBuffer: 16 * 1024 ** 2,
    });
    const rows = stdout.split("\n").filter((line) => line.startsWith("app-of-")).length;
    const requests = z.array(z.string()).parse(await ask("requests"));
    print(`${name} apps: ${rows} apps, ${requests.length} requests`);
    for (const [resource, pages] of Map.groupBy(requests, (request) => request.split("?")[0])) {
      print(`  ${pages.length} of ${resource}, the first ${shortened(pages[0] ?? "")}`);
    }
  }
}

/** A home in which the client has a token and targets the space of 500 apps. */
function loggedIn({ url, tokens, largeSpaceGuid }: Ready, client: string): string {
  const home = path.join(directory, `home-${client}`);
  mkdirSync(path.join(home, `.${client}`), { recursive: true });
  const config = {
    ConfigVersion: 4,
    Target: url,
    APIVersion: "3.215.0",
    AccessToken: `bearer ${tokens.developer}`,
    OrganizationFields: { GUID: "organization-0", Name: "organization-0" },
    SpaceFields: { GUID: largeSpaceGuid, Name: largeSpaceGuid, AllowSSH: true },
    UAAOAuthClient: "cf",
  };
  writeFileSync(path.join(home, `.${client}`, "config.json"), JSON.stringify(config));
  return home;
}

async function ask(what: "watch" | "bareMs" | "requests" | "spent"): Promise<unknown> {
  const answer = told(server);
  server.send(what);
  return await answer;
}

/** @throws where the server ends without an answer */
async function told(child: ChildProcess): Promise<unknown> {
  const stopped = new AbortController();
  const exit = once(child, "exit", { signal: stopped.signal }).then(([code]) => {
    throw new Error(`The server has ended with ${String(code)}`);
  });
  exit.catch(() => undefined);
  try {
    const [message] = await Promise.race([once(child, "message"), exit]);
    return message;
  } finally {
    stopped.abort();
  }
}

function inMs(ms: number): string {
  return `${ms.toFixed(1)} ms`.padStart(12);
}

function shortened(request: string): string {
  return request.length > 100
    ? `${request.slice(0, 100)}... (${request.length} characters)`
    : request;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
