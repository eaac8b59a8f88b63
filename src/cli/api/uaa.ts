import { z } from "zod";
import { Failure } from "../failure.ts";
import type { HttpAnswer, HttpTransport } from "./http-transport.ts";

const promptsSchema = z.object({
  prompts: z.record(z.string(), z.tuple([z.string(), z.string()]).rest(z.unknown())).default({}),
});

const tokenSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().default(""),
});

const errorSchema = z.object({
  error: z.string().default(""),
  error_description: z.string().default(""),
});

export interface Prompt {
  readonly name: string;
  readonly isSecret: boolean;
  readonly label: string;
}

export interface Tokens {
  /** With its type: "bearer ...". */
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The form fields of a grant; `basic` says whether the client `cf` identifies itself with its empty secret. */
export interface Grant {
  readonly fields: Readonly<Record<string, string>>;
  readonly basic: boolean;
  readonly origin?: string;
}

/** A refusal of the UAA; a locked account makes further tries pointless. */
export class UaaError extends Failure {
  readonly isLocked: boolean;
  constructor(message: string, isLocked = false) {
    super(message);
    this.name = "UaaError";
    this.isLocked = isLocked;
  }
}

export async function getPrompts(transport: HttpTransport, loginUrl: string): Promise<Prompt[]> {
  const answer = await transport.send({
    method: "GET",
    url: `${loginUrl}/login`,
    headers: { Accept: "application/json" },
  });
  const { prompts } = readAnswer(answer, promptsSchema);
  return Object.entries(prompts).map(([name, [type, label]]) => ({
    name,
    isSecret: type === "password",
    label,
  }));
}

export async function requestTokens(
  transport: HttpTransport,
  loginUrl: string,
  grant: Grant,
): Promise<Tokens> {
  const hint = JSON.stringify({ origin: grant.origin });
  const query =
    grant.origin === undefined ? "" : `?${new URLSearchParams({ login_hint: hint }).toString()}`;
  const answer = await transport.send({
    method: "POST",
    url: `${loginUrl}/oauth/token${query}`,
    headers: {
      Accept: "application/json",
      "Content-Type": "application/x-www-form-urlencoded",
      ...(grant.basic ? { Authorization: `Basic ${Buffer.from("cf:").toString("base64")}` } : {}),
    },
    body: new URLSearchParams(grant.fields).toString(),
  });
  const { access_token: accessToken, refresh_token: refreshToken } = readAnswer(
    answer,
    tokenSchema,
  );
  return { accessToken: `bearer ${accessToken}`, refreshToken };
}

export async function revokeToken(
  transport: HttpTransport,
  options: { readonly loginUrl: string; readonly jti: string; readonly accessToken: string },
): Promise<void> {
  await transport.send({
    method: "DELETE",
    url: `${options.loginUrl}/oauth/token/revoke/${encodeURIComponent(options.jti)}`,
    headers: { Authorization: options.accessToken },
  });
}

function readAnswer<T>(answer: HttpAnswer, schema: z.ZodType<T>): T {
  const json = parseJson(answer.body.toString("utf8"));
  if (answer.status >= 400) throw refusal(answer, errorSchema.safeParse(json).data);
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    throw new Failure("The UAA answered in a form that this client does not know");
  return parsed.data;
}

function refusal(answer: HttpAnswer, problem: z.infer<typeof errorSchema> | undefined): UaaError {
  const { error = "", error_description: description = "" } = problem ?? {};
  if (description.startsWith("Your account has been locked"))
    return new UaaError(description, true);
  if (description.startsWith("The origin provided in the login")) {
    return new UaaError("The origin provided is invalid.");
  }
  if (answer.status === 401 && error === "invalid_token") {
    return new UaaError(
      "The token expired, was revoked, or the token ID is incorrect. Please log back in to re-authenticate.",
    );
  }
  if (answer.status === 401) {
    return new UaaError("Credentials were rejected, please try again.");
  }
  return new UaaError(
    `Error Code: ${answer.status}\nRaw Response: ${answer.body.toString("utf8")}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
