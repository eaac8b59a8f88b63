import type { Clock } from "#kernel/clock/clock.ts";
import { holderOf } from "./data-lock.ts";
import { keptStagingLines } from "./kept-stagings.ts";
import { loopLines } from "./loops-command.ts";
import { readPlatformState } from "./platform-state.ts";
import { readRiveraJson, type RiveraJson } from "./rivera-json.ts";

export interface CommandIo {
  readonly clock: Clock;
  print(line: string): void;
}

/** `rivera status`: 0 where the platform on the folder answers, else 1. */
export async function status(
  io: CommandIo,
  options: {
    readonly dataDir: string;
    readonly field: string | undefined;
    /** Whether to tell what the platform's loops do, in place of its addresses. */
    readonly loops: boolean;
  },
): Promise<number> {
  const running = await answering(options.dataDir);
  if (running === undefined) {
    io.print(`No platform runs on ${options.dataDir}. Start one with: rivera up`);
    return 1;
  }
  for (const line of await statusLines(running, options)) io.print(line);
  return 0;
}

async function statusLines(
  running: RiveraJson,
  { dataDir, field, loops }: Parameters<typeof status>[1],
): Promise<string[]> {
  const state = readPlatformState(dataDir);
  if (loops && state !== undefined) return await loopLines(state, running.uaa);
  const kept = field === undefined && state !== undefined ? await keptStagingLines(state) : [];
  return [...describe(running, field), ...kept];
}

/** `rivera down`: asks the platform on the folder to stop and waits for its end, 60 s at most. */
export async function down(io: CommandIo, dataDir: string): Promise<number> {
  const pid = holderOf(dataDir);
  if (pid === undefined) {
    io.print(`No platform runs on ${dataDir}.`);
    return 0;
  }
  process.kill(pid, "SIGTERM");
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 100) {
    if (holderOf(dataDir) !== pid) {
      io.print("Stopped.");
      return 0;
    }
    await io.clock.sleep(100);
  }
  io.print(`Process ${pid} has not ended within 60 s.`);
  return 1;
}

async function answering(dataDir: string): Promise<RiveraJson | undefined> {
  const content = readRiveraJson(dataDir);
  if (content === undefined || holderOf(dataDir) !== content.pid) return undefined;
  try {
    const response = await fetch(`${content.api}/`);
    return response.ok ? content : undefined;
  } catch {
    return undefined;
  }
}

function describe(running: RiveraJson, field: string | undefined): string[] {
  const fields: Record<string, string> = {
    api: running.api,
    uaa: running.uaa,
    "log-cache": running.logCache,
    router: running.router,
    ...(running.web === undefined ? {} : { page: running.web }),
    "cf-login": cfLogin(running),
    ...(running.adminClient === undefined
      ? {}
      : {
          "cf-auth": `cf auth ${running.adminClient.id} ${running.adminClient.secret} --client-credentials`,
        }),
  };
  if (field === undefined)
    return Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const value = fields[field];
  if (value === undefined) {
    throw new Error(`Cannot show "${field}": the fields are ${Object.keys(fields).join(", ")}`);
  }
  return [value];
}

/** Without a port where that is the scheme's own. */
export function appsAddress(domain: string, router: string): string {
  const { port } = new URL(router);
  return `http://<app>.${domain}${port === "" ? "" : `:${port}`}`;
}

/** The administrator's password is shown at the first start, and afterwards to who asks for it. */
export function howToLogIn(
  running: Pick<RiveraJson, "api" | "admin">,
  dataDir: string,
  isFirstStart: boolean,
): string[] {
  const ours = `bin/rivera login --data ${dataDir}`;
  if (isFirstStart) return [`Log in ${cfLogin(running)}`, `       or: ${ours}`];
  return [
    `Log in cf login -a ${running.api} -u ${running.admin.username}`,
    `       or: ${ours}`,
    `       The password: bin/rivera status --data ${dataDir} --field cf-login`,
  ];
}

function cfLogin(running: Pick<RiveraJson, "api" | "admin">): string {
  const { username, password } = running.admin;
  // A password of the administrator's own choice may hold anything; in single quotes only they mean something.
  const quoted = `'${password.replaceAll("'", String.raw`'\''`)}'`;
  return `cf login -a ${running.api} -u ${username} -p ${quoted}`;
}
