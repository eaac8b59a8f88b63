import { requestTokens, type Grant } from "../api/uaa.ts";
import { cannotCombine, Failure, UsageFailure } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";
import type { ParsedInput } from "./parsed-input.ts";

export const auth: Command = {
  usage: `rivera auth USERNAME PASSWORD
rivera auth USERNAME PASSWORD --origin ORIGIN
rivera auth CLIENT_ID CLIENT_SECRET --client-credentials`,
  notes: [
    {
      title: "ENVIRONMENT VARIABLES:",
      text: `CF_USERNAME=user          Authenticating user. Overridden if USERNAME argument is provided.
CF_PASSWORD=password      Password associated with user. Overridden if PASSWORD argument is provided.`,
    },
    {
      title: "WARNING:",
      text: `Providing your password as a command line option is highly discouraged
Your password may be visible to others and may be recorded in your shell history
Consider using the CF_PASSWORD environment variable instead`,
    },
  ],
  examples: `rivera auth name@example.com "my password" (use quotes for passwords with a space)
rivera auth name@example.com "\\"password\\"" (escape quotes if used in password)`,
  arguments: [
    { name: "USERNAME", isOptional: true },
    { name: "PASSWORD", isOptional: true },
  ],
  flags: [
    {
      long: "client-credentials",
      description: "Use (non-user) service account (also called client credentials)",
    },
    {
      long: "origin",
      takes: "value",
      description: "Indicates the identity provider to be used for authentication",
    },
  ],
  seeAlso: ["api", "login", "target"],
  async run(session, input) {
    const { ui, config } = session;
    const isClient = input.has("client-credentials");
    if (isClient && input.has("origin")) throw cannotCombine("--client-credentials", "--origin");
    const credentials = readCredentials(session, input);
    if (config.values.Target === "") {
      throw new Failure(
        "No API endpoint set. Use 'rivera login' or 'rivera api' to target an endpoint.",
      );
    }
    ui.text(ui.flavor`API endpoint: ${config.values.Target}`);
    if (!isClient && config.values.UAAGrantType === "client_credentials") {
      throw new Failure(
        "Service account currently logged in. Use 'rivera logout' to log out service account and try again.",
      );
    }
    ui.newline();
    ui.text("Authenticating...");
    config.forgetUser();
    const transport = await session.transport();
    const { AuthorizationEndpoint } = config.values;
    const grant = grantOf(credentials, isClient, input.value("origin"));
    config.setTokens(await requestTokens(transport, AuthorizationEndpoint, grant));
    if (isClient) config.setGrant({ type: "client_credentials", clientId: credentials.name });
    ui.ok();
    ui.text(ui.flavor`Use '${"rivera target"}' to view or set your target org and space.`);
  },
};

interface Credentials {
  readonly name: string;
  readonly secret: string;
}

function readCredentials({ environment }: Session, input: ParsedInput): Credentials {
  const name = input.optionalArgument("USERNAME") ?? environment["CF_USERNAME"] ?? "";
  const secret = input.optionalArgument("PASSWORD") ?? environment["CF_PASSWORD"] ?? "";
  if (name !== "" && secret !== "") return { name, secret };
  const missing = [name === "" ? "Username" : "", secret === "" ? "password" : ""].filter(Boolean);
  const [first = "", second] = missing;
  const what = first.charAt(0).toUpperCase() + first.slice(1) + (second ? ` and ${second}` : "");
  throw new UsageFailure(`${what} not provided.`, { isPrefixed: false });
}

function grantOf(
  { name, secret }: Credentials,
  isClient: boolean,
  origin: string | undefined,
): Grant {
  if (isClient) {
    return {
      basic: false,
      fields: { grant_type: "client_credentials", client_id: name, client_secret: secret },
    };
  }
  return {
    basic: true,
    fields: { grant_type: "password", username: name, password: secret },
    ...(origin === undefined ? {} : { origin }),
  };
}
