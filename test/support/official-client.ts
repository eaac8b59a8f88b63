import { accessSync, constants } from "node:fs";
import path from "node:path";
import { runCli, type CliResult, type TestPlatform } from "./test-platform.ts";

/** The official client, unmodified: the program that CF_CLI names, else `cf` on the PATH. */
const program = process.env["CF_CLI"] ?? onPath("cf");

/** For a test's `skip`: why there is none, or false. */
export const withoutOfficialClient =
  program === undefined ? "no official client: set CF_CLI or put cf on the PATH" : false;

/** What it says of itself: `cf version 8.18.4+...`. */
export async function officialClientVersion(): Promise<string> {
  const { stdout } = await runCli(program ?? "cf", ["version"], {
    cwd: "/",
    env: {},
    timeoutMs: 10_000,
  });
  return stdout.trim();
}

/** A user of the official client with a home of their own. */
export class OfficialUser {
  readonly #home: string;

  constructor(platform: TestPlatform, name: string) {
    this.#home = path.join(platform.dataDir, `cf-home-of-${name}`);
  }

  /** Without a terminal, and without input unless some is given. */
  async cf(args: readonly string[], options: CfOptions = {}): Promise<CliResult> {
    return runCli(program ?? "cf", args, {
      cwd: options.cwd ?? "/",
      env: { CF_HOME: this.#home, CF_COLOR: "false", ...options.env },
      timeoutMs: 180_000,
      ...(options.input === undefined ? {} : { input: options.input }),
    });
  }
}

export interface CfOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a client has said, without what may differ between two runs: its own name, times, guids and measurements. */
export function comparable({ status, stdout, stderr }: CliResult): string {
  const name = path.basename(program ?? "cf");
  return `${stdout}\n--- stderr\n${stderr}\n--- status ${status}`
    .replaceAll(new RegExp(`\\b(${name}|cf|rivera) (?=[a-z]|-a)`, "g"), "CLI ")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d{4})/g, "TIME")
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}(-[0-9a-f]{12})?/g, "GUID")
    .replaceAll(/[\d.]+[BKMG] of/g, "SIZE of")
    .replaceAll(/\d+\.\d%/g, "PERCENT")
    .replaceAll(/ +/g, " ")
    .replaceAll(/ $/gm, "");
}

function onPath(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(":")
    .map((directory) => path.join(directory, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
