import type { Override } from "./toolchains.ts";

/** A buildpack that somebody else has written, and an app for it. */
export interface Case {
  /** The zip's name in BUILDPACKS_DIR, without `.zip`. */
  readonly zip: string;
  readonly title: string;
  /** What had to be done so that it finds what it would download, in words for the table. */
  readonly setUp: string;
  /** Toolchains of the stack that it is told of by our supply buildpack; its zip is used as it is. */
  readonly override?: Override;
  /** Or a manifest of local files, put into its zip. */
  readonly manifest?: Override;
  /** Runs after it, as the last buildpack. */
  readonly followedBy?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  /** Run in the app's folder before the push. */
  readonly prepare?: readonly [string, ...string[]];
  readonly memory?: string;
  /** Given as the app's command, where the buildpack has none. */
  readonly command?: string;
  readonly path: string;
  readonly answer: RegExp;
  /** In the log of the staging. */
  readonly log: RegExp;
  /** Why it cannot run on this machine. */
  readonly skip?: string;
}

/** The buildpack says nothing of Node, on which the test's app runs: the app asks for the platform's. */
export const withNode = { RIVERA_TOOLCHAINS: "node" };

export const server = `const http = require("node:http");
http.createServer((_, response) => response.end("served by " + (process.env.WHO ?? "node"))).listen(process.env.PORT);
`;
