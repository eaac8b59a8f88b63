import { tableLines } from "../ui/table.ts";
import type { Ui } from "../ui/ui.ts";
import { clientVersion } from "../version.ts";
import { flagText } from "./flag.ts";
import { commandTable, findCommand, type CommandEntry } from "./command-table.ts";
import type { Command } from "./command.ts";

interface Category {
  readonly title: string;
  /** Names as rows and columns. */
  readonly rows: readonly (readonly string[])[];
}

const common: readonly Category[] = [
  {
    title: "Platform on this machine:",
    rows: [["up", "down", "status"]],
  },
  {
    title: "Before getting started:",
    rows: [
      ["login", "target", "auth"],
      ["help", "logout", "api"],
    ],
  },
  {
    title: "Application lifecycle:",
    rows: [
      ["apps", "events", "set-env"],
      ["push", "logs", "unset-env"],
      ["start", "app", "delete"],
      ["stop", "env", "buildpacks"],
      ["restart", "scale", ""],
      ["restage", "", ""],
    ],
  },
  {
    title: "Route and domain management:",
    rows: [
      ["routes", "delete-route", ""],
      ["create-route", "map-route", "unmap-route"],
    ],
  },
  { title: "Space management:", rows: [["spaces", "create-space", ""]] },
  { title: "Org management:", rows: [["orgs", "create-org", ""]] },
];

const all: readonly Category[] = [
  { title: "PLATFORM:", rows: [["up", "down", "status", "stack", "toolchain"]] },
  {
    title: "GETTING STARTED:",
    rows: [
      ["help", "version", "login", "logout", "target"],
      ["api", "auth"],
    ],
  },
  {
    title: "APPS:",
    rows: [
      ["apps", "app"],
      ["push", "scale", "delete"],
      ["start", "stop", "restart", "restage"],
      ["events", "logs"],
      ["build-log", "why-detected", "timeline", "stage-shell", "stage-retry"],
      ["droplet-bom", "droplet-diff"],
      ["env", "set-env", "unset-env"],
    ],
  },
  { title: "ORGS:", rows: [["orgs"], ["create-org"]] },
  { title: "SPACES:", rows: [["spaces"], ["create-space"]] },
  {
    title: "ROUTES:",
    rows: [["routes"], ["create-route", "map-route", "unmap-route", "delete-route"]],
  },
  { title: "BUILDPACKS:", rows: [["buildpacks"], ["stage", "run"]] },
  { title: "ADVANCED:", rows: [["curl", "oauth-token"]] },
];

const globalOptions = [
  ["--help, -h", "Show help"],
  ["-v", "Print API request diagnostics to stdout"],
];

const environmentVariables = [
  ["CF_COLOR=false", "Do not colorize output"],
  ["CF_DIAL_TIMEOUT=6", "Max wait time to establish a connection, in seconds"],
  ["CF_TRACE=true", "Print API request diagnostics to stdout"],
  ["CF_TRACE=path/to/trace.log", "Append API request diagnostics to a log file"],
  ["RIVERA_HOME=path/to/dir/", "Override path to default config directory (else CF_HOME, HOME)"],
  ["RIVERA_DATA=path/to/dir/", "Data folder of the platform that 'rivera login' looks for"],
  ["https_proxy=proxy.example.com:8080", "Enable proxying for HTTPS requests"],
];

const usageLine = "[global options] command [arguments...] [command options]";

/** What `rivera help` shows: the commands most used, by subject. */
export function showCommonHelp(ui: Ui): void {
  ui.text(`rivera version ${clientVersion}, Cloud Foundry command line tool and platform`);
  ui.text(`Usage: rivera ${usageLine}`);
  ui.newline();
  for (const { title, rows } of common) {
    ui.header(title);
    ui.table(
      rows.map((row) => row.map(nameWithAlias)),
      { prefix: "  ", gap: 4 },
    );
    ui.newline();
  }
  ui.header("Global options:");
  ui.table(globalOptions, { prefix: "  ", gap: 25 });
  ui.newline();
  ui.text(ui.flavor`TIP: Use '${"rivera help -a"}' to see all commands.`);
}

/** What `rivera help -a` shows. */
export function showAllHelp(ui: Ui): void {
  const section = (title: string, text: string) => {
    ui.header(title);
    ui.text(`   ${text}`);
    ui.newline();
  };
  section("NAME:", "rivera - A command line tool to run and interact with Cloud Foundry");
  section("USAGE:", `rivera ${usageLine}`);
  section("VERSION:", clientVersion);
  const width = Math.max(...commandTable.map(({ name }) => name.length)) + 1;
  for (const { title, rows } of all) {
    ui.header(title);
    for (const row of rows) {
      for (const name of row) ui.text(`   ${name.padEnd(width)}${findCommand(name)?.description}`);
      ui.newline();
    }
  }
  ui.header("ENVIRONMENT VARIABLES:");
  ui.table(environmentVariables, { prefix: "   ", gap: 1 });
  ui.newline();
  ui.header("GLOBAL OPTIONS:");
  ui.table(globalOptions, { prefix: "   ", gap: 25 });
  ui.newline();
}

type Section = [title: string, lines: string[]];

/** What `rivera help COMMAND` shows. */
export function showCommandHelp(ui: Ui, entry: CommandEntry, command: Command): void {
  const seeAlso = command.seeAlso.filter((name) => findCommand(name) !== undefined).sort();
  const sections: Section[] = [
    ["NAME:", [`${entry.name} - ${entry.description}`]],
    ["USAGE:", command.usage.split("\n")],
    ...(command.notes ?? []).map(({ title, text }): Section => [title, text.split("\n")]),
    ["EXAMPLES:", command.examples?.split("\n") ?? []],
    ["ALIAS:", entry.alias === undefined ? [] : [entry.alias]],
    ["OPTIONS:", optionLines(command)],
    ["ENVIRONMENT:", environmentLines(command)],
    ["SEE ALSO:", seeAlso.length === 0 ? [] : [seeAlso.join(", ")]],
  ];
  for (const [index, [title, lines]] of sections.filter(([, it]) => it.length > 0).entries()) {
    if (index > 0) ui.newline();
    ui.text(title);
    for (const line of lines) ui.text(line === "" ? "" : `   ${line}`);
  }
}

function optionLines(command: Command): string[] {
  const rows = command.flags
    .filter(({ isHidden }) => isHidden !== true)
    .map((flag) => {
      const byDefault = flag.default === undefined ? "" : ` (Default: ${flag.default})`;
      return [flagText(flag), flag.description + byDefault];
    });
  return tableLines(rows, { gap: 6 });
}

function environmentLines(command: Command): string[] {
  return (command.environment ?? []).map(
    ({ name, default: byDefault, description }) =>
      `${`${name}=${byDefault}`.padEnd(29)}${description}`,
  );
}

function nameWithAlias(name: string): string {
  const alias = findCommand(name)?.alias;
  return alias === undefined ? name : `${name},${alias}`;
}
