import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { Failure } from "../failure.ts";

/**
 * What the client remembers between commands, in the official client's own form (ConfigVersion 4), so that a config
 * file of either can be read by the other. Keys that we do not know are kept.
 */
const configSchema = z.looseObject({
  ConfigVersion: z.number().default(4),
  Target: z.string().default(""),
  APIVersion: z.string().default(""),
  AuthorizationEndpoint: z.string().default(""),
  UaaEndpoint: z.string().default(""),
  LogCacheEndPoint: z.string().default(""),
  DopplerEndPoint: z.string().default(""),
  RoutingAPIEndpoint: z.string().default(""),
  NetworkPolicyV1Endpoint: z.string().default(""),
  AccessToken: z.string().default(""),
  RefreshToken: z.string().default(""),
  SSLDisabled: z.boolean().default(false),
  OrganizationFields: z
    .looseObject({ GUID: z.string().default(""), Name: z.string().default("") })
    .default({ GUID: "", Name: "" }),
  SpaceFields: z
    .looseObject({
      GUID: z.string().default(""),
      Name: z.string().default(""),
      AllowSSH: z.boolean().default(false),
    })
    .default({ GUID: "", Name: "", AllowSSH: false }),
  UAAOAuthClient: z.string().default("cf"),
  UAAOAuthClientSecret: z.string().default(""),
  UAAGrantType: z.string().default(""),
  SSHOAuthClient: z.string().default("ssh-proxy"),
  AsyncTimeout: z.number().default(0),
  Trace: z.string().default(""),
  ColorEnabled: z.string().default(""),
  Locale: z.string().default(""),
});

export type ConfigValues = z.infer<typeof configSchema>;

export interface Named {
  readonly guid: string;
  readonly name: string;
}

export interface Endpoints {
  readonly api: string;
  readonly apiVersion: string;
  readonly login: string;
  readonly uaa: string;
  readonly logCache: string;
  readonly logging: string;
  readonly routing: string;
  readonly networkPolicy: string;
  readonly skipSslValidation: boolean;
}

export class ClientConfig {
  readonly #file: string;
  #values: ConfigValues;
  #saved: string;

  private constructor(file: string, values: ConfigValues) {
    this.#file = file;
    this.#values = values;
    this.#saved = JSON.stringify(values);
  }

  /** Reads `HOME/.rivera/config.json`; a missing or empty file is a fresh config. */
  static async load(home: string): Promise<ClientConfig> {
    const file = path.join(home, ".rivera", "config.json");
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      if (isMissing(error)) return "";
      throw new Failure(`Cannot read ${file}: ${String(error)}`, { cause: error });
    });
    return new ClientConfig(file, parseConfig(file, text));
  }

  get values(): Readonly<ConfigValues> {
    return this.#values;
  }

  get organization(): Named | undefined {
    return named(this.#values.OrganizationFields);
  }

  get space(): Named | undefined {
    return named(this.#values.SpaceFields);
  }

  /** A new target forgets who was logged in and what was targeted. */
  setTarget(endpoints: Endpoints): void {
    this.#set({
      Target: endpoints.api,
      APIVersion: endpoints.apiVersion,
      AuthorizationEndpoint: endpoints.login,
      UaaEndpoint: endpoints.uaa,
      LogCacheEndPoint: endpoints.logCache,
      DopplerEndPoint: endpoints.logging,
      RoutingAPIEndpoint: endpoints.routing,
      NetworkPolicyV1Endpoint: endpoints.networkPolicy,
      SSLDisabled: endpoints.skipSslValidation,
    });
    this.forgetUser();
  }

  setTokens(tokens: { readonly accessToken: string; readonly refreshToken: string }): void {
    this.#set({ AccessToken: tokens.accessToken, RefreshToken: tokens.refreshToken });
  }

  /** How later refreshes ask for a token: "" stands for a user's refresh token. */
  setGrant(grant: { readonly type: "" | "client_credentials"; readonly clientId: string }): void {
    this.#set({
      UAAGrantType: grant.type,
      UAAOAuthClient: grant.clientId,
      UAAOAuthClientSecret: "",
    });
  }

  setOrganization(organization: Named | undefined): void {
    this.#set({
      OrganizationFields: { GUID: organization?.guid ?? "", Name: organization?.name ?? "" },
    });
  }

  setSpace(space: Named | undefined): void {
    this.#set({
      SpaceFields: {
        GUID: space?.guid ?? "",
        Name: space?.name ?? "",
        AllowSSH: space !== undefined,
      },
    });
  }

  forgetUser(): void {
    this.setTokens({ accessToken: "", refreshToken: "" });
    this.setGrant({ type: "", clientId: "cf" });
    this.setOrganization(undefined);
    this.setSpace(undefined);
  }

  /** Writes the file whole or not at all, for its owner only; nothing where nothing changed. */
  async save(): Promise<void> {
    const text = JSON.stringify(this.#values);
    if (text === this.#saved) return;
    await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const draft = `${this.#file}.${process.pid}`;
    try {
      await writeFile(draft, `${JSON.stringify(this.#values, undefined, 2)}\n`, { mode: 0o600 });
      await chmod(draft, 0o600);
      await rename(draft, this.#file);
    } catch (error) {
      await rm(draft, { force: true });
      throw new Failure(`Error writing config: ${String(error)}`, { cause: error });
    }
    this.#saved = text;
  }

  #set(values: Partial<ConfigValues>): void {
    this.#values = { ...this.#values, ...values };
  }
}

function parseConfig(file: string, text: string): ConfigValues {
  if (text.trim() === "") return configSchema.parse({});
  try {
    return configSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Failure(`${file} is not a config of this client: repair or remove it`, {
      cause: error,
    });
  }
}

function named(fields: { readonly GUID: string; readonly Name: string }): Named | undefined {
  return fields.GUID === "" ? undefined : { guid: fields.GUID, name: fields.Name };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
