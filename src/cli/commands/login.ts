import path from "node:path";
import {
  authenticate,
  authenticateWithPasscode,
  type Credentials,
} from "../actors/authenticate.ts";
import { targetAfterLogin } from "../actors/login-target.ts";
import { currentUser, notLoggedIn } from "../actors/target-check.ts";
import { getEndpoints, insecureWarning, isInsecure } from "../api/root.ts";
import { readPlatformFile, type PlatformFile } from "../config/platform-file.ts";
import { platformDataFolder } from "../environment.ts";
import { cannotCombine, Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";
import type { ParsedInput } from "./parsed-input.ts";

export const login: Command = {
  usage: `rivera login [-a API_URL] [-u USERNAME] [-p PASSWORD] [-o ORG] [-s SPACE] [--sso | --sso-passcode PASSCODE] [--origin ORIGIN] [--data DIR]

Without an API endpoint, and without one targeted before, this logs in to the platform that 'rivera up' runs on this
machine, as its admin.`,
  notes: [
    {
      title: "WARNING:",
      text: `Providing your password as a command line option is highly discouraged
Your password may be visible to others and may be recorded in your shell history`,
    },
  ],
  examples: `rivera login (to the platform of this machine)
rivera login --data DIR (to the platform with that data folder)
rivera login -a https://api.example.com (rivera will prompt for user name and password)
rivera login -u name@example.com -p pa55woRD (specify username and password as arguments)
rivera login -u name@example.com -p "my password" (use quotes for passwords with a space)
rivera login -u name@example.com -p "\\"password\\"" (escape quotes if used in password)
rivera login --sso (rivera will provide a url to obtain a one-time passcode to login)
rivera login --origin ldap`,
  arguments: [],
  flags: [
    { short: "a", takes: "value", description: "API endpoint (e.g. https://api.example.com)" },
    { short: "o", takes: "value", description: "Org" },
    { short: "p", takes: "value", description: "Password" },
    { short: "s", takes: "value", description: "Space" },
    {
      long: "skip-ssl-validation",
      description: "Skip verification of the API endpoint. Not recommended!",
    },
    { long: "sso", description: "Prompt for a one-time passcode to login" },
    { long: "sso-passcode", takes: "value", description: "One-time passcode" },
    { short: "u", takes: "value", description: "Username" },
    {
      long: "origin",
      takes: "value",
      description: "Indicates the identity provider to be used for login",
    },
    { long: "data", takes: "value", description: "Data folder of a platform on this machine" },
  ],
  seeAlso: ["api", "auth", "target"],
  async run(session, input) {
    checkFlags(session, input);
    const { endpoint, platform } = await chooseEndpoint(session, input);
    await setTarget(session, endpoint, input.has("skip-ssl-validation"));
    session.ui.newline();
    try {
      await logIn(session, input, platform);
      await session.config.save();
      await targetAfterLogin(session, {
        organization: input.value("o"),
        space: input.value("s"),
      });
    } finally {
      showStatus(session);
    }
  },
};

function checkFlags({ config }: Session, input: ParsedInput): void {
  const { UAAGrantType, UAAOAuthClient, UAAOAuthClientSecret } = config.values;
  if (UAAGrantType === "client_credentials") {
    throw new Failure(
      "Service account currently logged in. Use 'rivera logout' to log out service account and try again.",
    );
  }
  if (UAAOAuthClient !== "cf" || UAAOAuthClientSecret !== "") {
    throw new Failure(
      "Error: Support for manually writing your client credentials to config.json has been removed. For similar functionality please use `rivera auth --client-credentials`.",
    );
  }
  if (input.has("origin") && input.has("sso")) throw cannotCombine("--sso", "--origin");
  if (input.has("origin") && input.has("sso-passcode")) {
    throw cannotCombine("--sso-passcode", "--origin");
  }
  if (input.has("sso") && input.has("sso-passcode")) throw cannotCombine("--sso-passcode", "--sso");
}

/** `-a`, else the platform of `--data`, else the target of before, else the platform of this machine, else a question. */
async function chooseEndpoint(
  session: Session,
  input: ParsedInput,
): Promise<{ endpoint: string; platform: PlatformFile | undefined }> {
  const { ui, config, environment, prompts, workingFolder } = session;
  const folder = input.value("data");
  const platform = await readPlatformFile(
    folder === undefined ? platformDataFolder(environment) : path.resolve(workingFolder, folder),
  );
  if (folder !== undefined && platform === undefined) {
    throw new Failure(
      `No platform has run with the data folder '${folder}': it has no rivera.json`,
    );
  }
  const known =
    input.value("a") ??
    (folder === undefined && config.values.Target !== "" ? config.values.Target : platform?.api);
  if (known === undefined) {
    ui.warning(
      "No platform runs on this machine: start one with 'rivera up', or name an endpoint.",
    );
    return { endpoint: await prompts.text("API endpoint"), platform };
  }
  ui.text(ui.flavor`API endpoint: ${known}`);
  return { endpoint: known, platform };
}

async function setTarget(session: Session, given: string, skipFlag: boolean): Promise<void> {
  const { ui, config, userAgent } = session;
  const trimmed = given.replace(/\/+$/, "");
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  const isKnown = config.values.Target === url;
  const skipSslValidation = skipFlag || (isKnown && config.values.SSLDisabled);
  const transport = await session.transport(skipSslValidation);
  config.setTarget(await getEndpoints(transport, { api: url, skipSslValidation, userAgent }));
  if (isInsecure(url)) ui.warning(insecureWarning);
}

async function logIn(
  session: Session,
  input: ParsedInput,
  platform: PlatformFile | undefined,
): Promise<void> {
  if (input.has("sso") || input.has("sso-passcode")) {
    await authenticateWithPasscode(session, input.value("sso-passcode"));
    return;
  }
  const given: Credentials = {
    username: input.value("u"),
    password: input.value("p"),
    origin: input.value("origin"),
  };
  const isOurs =
    platform !== undefined && platform.api.replace(/\/+$/, "") === session.config.values.Target;
  const mayBeAdmin = given.username === undefined || given.username === platform?.admin.username;
  await authenticate(
    session,
    isOurs && mayBeAdmin && given.password === undefined ? platform.admin : given,
  );
}

function showStatus({ ui, config }: Session): void {
  const { values, organization, space } = config;
  const user = currentUser(config);
  const rows: [string, string][] = [
    ["API endpoint:", values.Target],
    ["API version:", values.APIVersion],
  ];
  if (user !== undefined) rows.push(["user:", user.name]);
  if (user !== undefined && organization !== undefined) {
    rows.push(["org:", organization.name]);
    rows.push(["space:", space?.name ?? "No space targeted, use 'rivera target -s SPACE'"]);
  }
  ui.keyValues(rows);
  if (user === undefined) ui.text(notLoggedIn);
  else if (organization === undefined) {
    ui.text("No org or space targeted, use 'rivera target -o ORG -s SPACE'");
  }
}
