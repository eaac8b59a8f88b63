import type { Action, RunAction } from "#diego/models/action.ts";
import type { TerminalSpec } from "../../runtime/container-runtime.ts";
import type { ProcessEnvironment } from "../process-environment.ts";

/** Of a terminal, in characters. */
export interface Window {
  readonly columns: number;
  readonly rows: number;
}

/** A history would be a file of the container's that its program did not write. */
const terminalVariables = [
  { name: "TERM", value: "xterm-256color" },
  { name: "PS1", value: String.raw`\u:\w\$ ` },
  { name: "HISTFILE", value: "" },
];

/** A shell as the user, and with the environment, of the first process that an action starts. */
export function shellAfter(
  action: Action,
  environment: ProcessEnvironment,
): Pick<TerminalSpec, "path" | "args" | "env" | "user"> {
  const program = firstRun(action);
  if (program === undefined) throw new Error("The action starts no process");
  const env = [...environment(program), ...terminalVariables];
  return { path: "/bin/bash", args: ["--norc"], env, user: program.user };
}

function firstRun(action: Action): RunAction | undefined {
  switch (action.kind) {
    case "run":
      return action;
    case "timeout":
    case "emitProgress":
    case "try":
      return firstRun(action.action);
    case "parallel":
    case "serial":
    case "codependent":
      for (const each of action.actions) {
        const found = firstRun(each);
        if (found !== undefined) return found;
      }
      return undefined;
    case "download":
    case "upload":
      return undefined;
  }
}
