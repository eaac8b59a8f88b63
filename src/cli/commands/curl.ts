import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { HttpAnswer } from "../api/http-transport.ts";
import { Failure, UsageFailure } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";

export const curl: Command = {
  usage: `rivera curl PATH [-iv] [-X METHOD] [-H HEADER]... [-d DATA] [--output FILE]

By default 'rivera curl' will perform a GET to the specified PATH. If data
is provided via -d, a POST will be performed instead, and the Content-Type
will be set to application/json. You may override headers with -H and the
request method with -X.

For API documentation, please visit https://v3-apidocs.cloudfoundry.org.`,
  examples: `rivera curl "/v3/apps" -X GET
rivera curl "/v3/apps" -d @/path/to/file`,
  arguments: [{ name: "PATH" }],
  flags: [
    {
      short: "H",
      takes: "values",
      description: "Custom headers to include in the request, flag can be specified multiple times",
    },
    { short: "X", takes: "value", description: "HTTP method (GET,POST,PUT,DELETE,etc)" },
    {
      short: "d",
      takes: "value",
      description:
        "HTTP data to include in the request body, or '@' followed by a file name to read the data from",
    },
    { short: "f", long: "fail", description: "Server errors return exit code 22" },
    { short: "i", description: "Include response headers in the output" },
    { long: "output", takes: "value", description: "Write curl body to FILE instead of stdout" },
  ],
  seeAlso: [],
  async run(session, input) {
    const { ui, config } = session;
    const data = await readData(session, input.value("d"));
    const transport = await session.transport();
    const token = await (await session.tokens(transport)).accessToken();
    const target = config.values.Target.replace(/\/+$/, "");
    if (target === "")
      throw new Failure(
        "No API endpoint set. Use 'rivera login' or 'rivera api' to target an endpoint.",
      );
    const answer = await transport.send({
      method: input.value("X")?.toUpperCase() ?? (data === undefined ? "GET" : "POST"),
      url: `${target}/${input.argument("PATH").replace(/^\/+/, "")}`,
      headers: {
        "User-Agent": session.userAgent,
        Accept: "application/json",
        "Content-Type": "application/json",
        ...(token === "" ? {} : { Authorization: token }),
        ...parseHeaders(input.values("H")),
      },
      ...(data === undefined ? {} : { body: data }),
    });
    if (input.has("fail") && answer.status >= 400) {
      throw new Failure(`The requested URL returned error: ${answer.status}`, { exitCode: 22 });
    }
    const head = input.has("i") ? Buffer.from(headText(answer)) : Buffer.alloc(0);
    const output = input.value("output");
    if (output !== undefined) {
      await writeFile(
        path.resolve(session.workingFolder, output),
        Buffer.concat([head, answer.body]),
      );
      ui.ok();
      return;
    }
    ui.raw(Buffer.concat([head, answer.body, Buffer.from(answer.body.includes(0) ? "" : "\n")]));
  },
};

async function readData(session: Session, given: string | undefined): Promise<string | undefined> {
  if (given?.startsWith("@") !== true) return given;
  const file = path.resolve(session.workingFolder, given.slice(1));
  return await readFile(file, "utf8").catch((error: unknown) => {
    throw new Failure(`Error creating request: ${String(error)}`, { cause: error });
  });
}

function parseHeaders(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(":");
      if (colon < 1) throw new UsageFailure(`Header '${text}' must be in the form 'Name: value'`);
      return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
    }),
  );
}

function headText({ httpVersion, status, statusText, headers }: HttpAnswer): string {
  const { "content-length": length, ...others } = headers;
  const sorted = Object.entries(others).sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = [
    ...(length === undefined ? [] : [["content-length", length] as const]),
    ...sorted,
  ].map(([name, value]) => `${properName(name)}: ${String(value)}`);
  return [`HTTP/${httpVersion} ${status} ${statusText}`, ...lines, "", ""].join("\r\n");
}

function properName(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (match) => match.toUpperCase());
}
