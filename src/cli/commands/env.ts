import { requireSpace } from "../actors/target-check.ts";
import { getAppByName, getEnvironment } from "../api/apps.ts";
import type { Ui } from "../ui/ui.ts";
import type { Command } from "./command.ts";

export const env: Command = {
  usage: "rivera env APP_NAME",
  arguments: [{ name: "APP_NAME" }],
  flags: [],
  seeAlso: [
    "app",
    "apps",
    "running-environment-variable-group",
    "set-env",
    "staging-environment-variable-group",
    "unset-env",
  ],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("APP_NAME");
    ui.text(
      ui.flavor`Getting env variables for app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    const cc = await session.cloudController();
    const { guid } = await getAppByName(cc, name, space.guid);
    const environment = await getEnvironment(cc, guid);
    const system = Object.entries(environment.system_env_json);
    const application = Object.entries(environment.application_env_json);
    if (system.length + application.length === 0) {
      ui.text("No system-provided env variables have been set");
    } else {
      ui.header("System-Provided:");
      for (const [key, value] of system) ui.text(`${key}: ${json(value)}\n`);
      if (application.length > 0) ui.newline();
      for (const [key, value] of application) ui.text(`${key}: ${json(value)}\n`);
    }
    ui.newline();
    showGroup(ui, "User-Provided", "user-provided", environment.environment_variables);
    showGroup(ui, "Running Environment Variable Groups", "running", environment.running_env_json);
    showGroup(ui, "Staging Environment Variable Groups", "staging", environment.staging_env_json);
  },
};

/** Indented, with the keys in order, as the official client prints it. */
function json(value: unknown): string {
  return JSON.stringify(value, inOrder, 2);
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function showGroup(
  ui: Ui,
  title: string,
  kind: string,
  variables: Readonly<Record<string, unknown>>,
): void {
  const names = Object.keys(variables).sort();
  if (names.length === 0) ui.text(`No ${kind} env variables have been set`);
  else ui.header(`${title}:`);
  for (const name of names) ui.text(`${name}: ${plain(variables[name])}`);
  ui.newline();
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
