import type { Endpoint } from "./endpoint.ts";
import { headerValues } from "./request-target.ts";
import { routerErrors, type RouterError } from "./router-error.ts";

/** The instances that a request asks for by header: these or none. */
export interface AskedInstance {
  readonly by: "app" | "process";
  readonly guid: string;
  /** Undefined: any instance of the process. */
  readonly index: string | undefined;
}

const appHeader = "X-CF-App-Instance";
const processHeader = "X-CF-Process-Instance";

/** As gorouter: an empty header asks for nothing, and the app's goes before the process's. */
export function askedInstanceOf(
  rawHeaders: readonly string[],
): AskedInstance | { readonly error: RouterError } | undefined {
  const byApp = headerValues(rawHeaders, appHeader.toLowerCase())[0] ?? "";
  if (byApp !== "") {
    const match = /^(?<app>[\w-]+):(?<index>\d{1,9})$/.exec(byApp)?.groups;
    if (match === undefined) return { error: routerErrors.invalidInstanceHeader(appHeader) };
    return { by: "app", guid: match["app"] ?? "", index: match["index"] };
  }
  const byProcess = headerValues(rawHeaders, processHeader.toLowerCase())[0] ?? "";
  if (byProcess === "") return undefined;
  const match = /^(?<process>[\w-]+)(?::(?<index>\d{1,9}))?$/.exec(byProcess)?.groups;
  if (match === undefined) return { error: routerErrors.invalidInstanceHeader(processHeader) };
  return { by: "process", guid: match["process"] ?? "", index: match["index"] };
}

export function isAskedFor(asked: AskedInstance, { registration }: Endpoint): boolean {
  const guid = asked.by === "app" ? registration.app : registration.tags["process_id"];
  return (
    guid === asked.guid &&
    (asked.index === undefined || registration.private_instance_index === asked.index)
  );
}

/** As gorouter puts it. */
export function describedInstance({ by, guid, index }: AskedInstance): string {
  const instance = index === undefined ? "instance" : `instance ('${index}')`;
  return `${instance} with ${by === "app" ? "guid" : "process guid"} ('${guid}')`;
}
