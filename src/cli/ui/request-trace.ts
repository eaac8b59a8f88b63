import { appendFileSync } from "node:fs";
import type { Clock } from "#kernel/clock/clock.ts";
import type { ExchangeObserver, HttpAnswer, HttpRequest } from "../api/http-transport.ts";
import type { Environment } from "../environment.ts";
import { instantText } from "./time-text.ts";
import type { Ui } from "./ui.ts";

const hidden = "[PRIVATE DATA HIDDEN]";

/** Shows requests and answers without what is secret in them: `-v` on stdout, CF_TRACE on stdout or in a file. */
export function createTrace(options: {
  readonly ui: Ui;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly isVerbose: boolean;
}): ExchangeObserver | undefined {
  const { ui, clock, environment, isVerbose } = options;
  const setting = environment["CF_TRACE"] ?? "";
  const file = /^(true|false|)$/i.test(setting) ? undefined : setting;
  const onScreen = isVerbose || /^true$/i.test(setting);
  if (!onScreen && file === undefined) return undefined;
  const write = (text: string) => {
    if (onScreen) ui.text(text);
    if (file !== undefined) appendFileSync(file, `${text}\n`, { mode: 0o600 });
  };
  return {
    request: (request) =>
      write(`REQUEST: [${instantText(clock.now())}]\n${requestText(request)}\n`),
    answer: (_request, answer) =>
      write(`RESPONSE: [${instantText(clock.now())}]\n${answerText(answer)}\n`),
  };
}

function requestText({ method, url, headers = {}, body }: HttpRequest): string {
  const { pathname, search, host } = new URL(url);
  const type = headers["Content-Type"] ?? "";
  return [
    `${method} ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    ...headerLines(headers),
    ...(typeof body === "string" ? [bodyText(type, body)] : []),
    ...(typeof body === "object" ? [`[${type.split(";")[0]} Content Hidden]`] : []),
  ].join("\n");
}

function answerText({ httpVersion, status, statusText, headers, body }: HttpAnswer): string {
  return [
    `HTTP/${httpVersion} ${status} ${statusText}`,
    ...headerLines(headers),
    ...(body.length === 0 ? [] : [bodyText(headers["content-type"] ?? "", body.toString("utf8"))]),
  ].join("\n");
}

function headerLines(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(headers)
    .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    .map(([name, value]) => {
      const isSecret = /^(authorization|set-cookie)$/i.test(name);
      return `${name}: ${isSecret ? hidden : String(value)}`;
    });
}

function bodyText(type: string, text: string): string {
  if (type.includes("yaml")) return text;
  if (!type.includes("json")) return `[${type.split(";")[0] ?? ""} Content Hidden]`;
  try {
    return JSON.stringify(JSON.parse(text, hideSecrets), undefined, 2);
  } catch {
    return `[${type} Content Hidden]`;
  }
}

function hideSecrets(key: string, value: unknown): unknown {
  return /token|password/i.test(key) && typeof value === "string" ? hidden : value;
}
