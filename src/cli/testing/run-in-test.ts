import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { ClientConfig } from "../config/client-config.ts";
import type { Environment } from "../environment.ts";
import { runCli } from "../run-cli.ts";
import { accessToken } from "./answers.ts";

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A user with a home and a working folder of their own, who runs the client. */
export class TestUser implements AsyncDisposable {
  /** Config of the client, and everything else of this user. */
  readonly home: string;
  readonly interruption = new AbortController();
  environment: Environment = {};

  private constructor(home: string) {
    this.home = home;
    this.environment = { RIVERA_HOME: home, HOME: home, PATH: "/usr/bin:/bin" };
  }

  static async create(): Promise<TestUser> {
    return new TestUser(await mkdtemp(path.join(tmpdir(), "rivera-cli-test-")));
  }

  /** A user who has logged in and targeted an org and a space of that Cloud Foundry. */
  static async loggedIn(url: string): Promise<TestUser> {
    const user = await TestUser.create();
    const config = await user.config();
    config.setTarget({
      api: url,
      apiVersion: "3.215.0",
      login: `${url}/uaa`,
      uaa: `${url}/uaa`,
      logCache: url,
      logging: "",
      routing: "",
      networkPolicy: "",
      skipSslValidation: false,
    });
    config.setTokens({ accessToken: `bearer ${accessToken()}`, refreshToken: "refresh" });
    config.setOrganization({ guid: "org-guid", name: "my-org" });
    config.setSpace({ guid: "space-guid", name: "my-space" });
    await config.save();
    return user;
  }

  async config(): Promise<ClientConfig> {
    return await ClientConfig.load(this.home);
  }

  async run(
    words: readonly string[],
    options: { readonly cwd?: string; readonly input?: string } = {},
  ): Promise<CliResult> {
    const out = collect();
    const err = collect();
    const code = await runCli({
      words,
      environment: this.environment,
      workingFolder: options.cwd ?? this.home,
      streams: {
        input:
          options.input === undefined ? new PassThrough().end() : Readable.from([options.input]),
        out: out.stream,
        err: err.stream,
      },
      clock: systemClock,
      signal: this.interruption.signal,
    });
    return { code, out: out.text(), err: err.text() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}

function collect(): { stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      chunks.push(chunk);
      callback();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}
