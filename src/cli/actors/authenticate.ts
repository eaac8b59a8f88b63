import { getPrompts, requestTokens, UaaError, type Prompt } from "../api/uaa.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";

export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly origin?: string | undefined;
}

const tries = 3;

/** Logs in with what is given, asking for the rest by the UAA's own prompts. Three tries; a given password has one. */
export async function authenticate(session: Session, given: Credentials): Promise<void> {
  const { prompts, config } = session;
  const transport = await session.transport();
  const asked = await getPrompts(transport, config.values.AuthorizationEndpoint);
  const label = (name: string, byDefault: string) =>
    asked.find((prompt) => prompt.name === name)?.label ?? byDefault;
  const fields: Record<string, string> = {
    username: given.username ?? (await prompts.text(label("username", "Username"))),
  };
  const extra = asked.filter(({ name }) => !["username", "password", "passcode"].includes(name));
  for (const prompt of extra.filter(({ isSecret }) => !isSecret)) {
    fields[prompt.name] = await prompts.text(prompt.label);
  }
  await tryThreeTimes(session, async (attempt) => {
    const known = attempt === 0 ? given.password : undefined;
    fields["password"] = known ?? (await prompts.password(label("password", "Password")));
    await askSecrets(session, extra, fields);
    session.ui.newline();
    session.ui.text("Authenticating...");
    await logIn(session, fields, given.origin);
  });
}

/** Logs in with a one-time passcode, given or asked for. */
export async function authenticateWithPasscode(
  session: Session,
  given: string | undefined,
): Promise<void> {
  const { prompts, config } = session;
  const transport = await session.transport();
  const asked = await getPrompts(transport, config.values.AuthorizationEndpoint);
  const label =
    asked.find(({ name }) => name === "passcode")?.label ?? "Temporary Authentication Code";
  await tryThreeTimes(session, async (attempt) => {
    const passcode = (attempt === 0 ? given : undefined) ?? (await prompts.password(label));
    session.ui.text("Authenticating...");
    await logIn(session, { passcode }, undefined);
  });
}

async function tryThreeTimes(
  { ui }: Session,
  work: (attempt: number) => Promise<void>,
): Promise<void> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      await work(attempt);
      ui.ok();
      return;
    } catch (error) {
      if (!(error instanceof UaaError)) throw asRefusal(error);
      ui.warning(error.message);
      ui.newline();
      if (error.isLocked) break;
    }
  }
  throw new Failure("Unable to authenticate.");
}

/** An input that has ended cannot answer another try. */
function asRefusal(error: unknown): unknown {
  return error instanceof Failure && error.message.startsWith("No input for")
    ? new Failure("Unable to authenticate.", { cause: error })
    : error;
}

async function askSecrets(
  { prompts }: Session,
  extra: readonly Prompt[],
  fields: Record<string, string>,
): Promise<void> {
  for (const prompt of extra.filter(({ isSecret }) => isSecret)) {
    fields[prompt.name] = await prompts.password(prompt.label);
  }
}

async function logIn(
  session: Session,
  fields: Readonly<Record<string, string>>,
  origin: string | undefined,
): Promise<void> {
  const { config } = session;
  const tokens = await requestTokens(
    await session.transport(),
    config.values.AuthorizationEndpoint,
    {
      basic: true,
      fields: { grant_type: "password", ...fields },
      ...(origin === undefined ? {} : { origin }),
    },
  );
  config.setTokens(tokens);
}
