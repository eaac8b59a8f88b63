import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";
import { z } from "zod";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { uaaMigrations } from "../database/migrations.ts";
import { startUaa, type UaaConfig } from "../start-uaa.ts";

export const admin = { username: "admin", password: "first-password" };
/** What tests read of any answer. */
const answer = z.looseObject({
  id: z.string().default(""),
  origin: z.string().default(""),
  error: z.string().default(""),
  client_id: z.string().default(""),
  resources: z.array(z.looseObject({ id: z.string().optional() })).default([]),
});

const loopsAnswer = z.array(
  z.object({
    name: z.string(),
    activations: z.number(),
    lastError: z.string().optional(),
    lastResult: z.record(z.string(), z.number()).optional(),
  }),
);
type LoopStatus = z.infer<typeof loopsAnswer>[number];

export const cfClient = { authorization: `Basic ${Buffer.from("cf:").toString("base64")}` };

/** As `cf create-user` sends it. */
export const newUser = (userName: string, password: string) => ({
  userName,
  password,
  origin: "",
  name: { familyName: userName, givenName: userName },
  emails: [{ value: userName, primary: true }],
});

interface TokenBody {
  access_token: string;
  id_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  error: string;
  error_description: string;
}

/** Keeps cookies and shows redirects, as a browser whose user looks closely. */
class TestBrowser {
  readonly #url: string;
  readonly #externalUrl: string;
  readonly cookies = new Map<string, string>();
  /** Each `Set-Cookie` that has come. */
  readonly received: string[] = [];

  constructor(url: string, externalUrl: string) {
    this.#url = url;
    this.#externalUrl = externalUrl;
  }

  async get(path: string) {
    return this.#send(path, { method: "GET" });
  }

  async post(path: string, fields: Record<string, string>) {
    return this.#send(path, { method: "POST", body: new URLSearchParams(fields) });
  }

  /** Fills in the login form; `fields` replaces what it holds. */
  async logIn(username: string, password: string, fields: Record<string, string> = {}) {
    await this.get("/login");
    return this.post("/login.do", { username, password, ...this.csrf(), ...fields });
  }

  csrf(): Record<string, string> {
    return { "X-Uaa-Csrf": this.cookies.get("X-Uaa-Csrf") ?? "" };
  }

  async #send(path: string, init: RequestInit) {
    const response = await fetch(this.#url + path.replace(this.#externalUrl, ""), {
      ...init,
      redirect: "manual",
      headers: {
        accept: "text/html,application/xhtml+xml,*/*;q=0.8",
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
      },
    });
    for (const line of response.headers.getSetCookie()) {
      this.received.push(line);
      const [name = "", value = ""] = line.split(";")[0]?.split("=") ?? [];
      this.cookies.set(name, value);
    }
    return {
      status: response.status,
      headers: response.headers,
      location: response.headers.get("location") ?? "",
      text: await response.text(),
    };
  }
}

/** A UAA of a test's own, with real HTTP. Its methods may be taken out of it. */
class TestUaa {
  readonly url: string;
  readonly externalUrl: string;
  readonly clock: FakeClock;
  readonly logger: RecordingLogger;
  readonly stop: () => Promise<void>;
  readonly #adminClientSecret: string;

  constructor(parts: {
    url: string;
    externalUrl: string;
    clock: FakeClock;
    logger: RecordingLogger;
    stop: () => Promise<void>;
    adminClientSecret: string;
  }) {
    this.url = parts.url;
    this.externalUrl = parts.externalUrl;
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.stop = parts.stop;
    this.#adminClientSecret = parts.adminClientSecret;
  }

  readonly token = async (
    form: Record<string, string>,
    headers: Record<string, string> = cfClient,
    query = "",
  ) => {
    const response = await fetch(`${this.url}/oauth/token${query}`, {
      method: "POST",
      headers,
      body: new URLSearchParams(form),
    });
    return {
      status: response.status,
      headers: response.headers,
      ...((await response.json()) as TokenBody),
    };
  };

  readonly login = (username = admin.username, password = admin.password) =>
    this.token({ grant_type: "password", username, password });

  readonly call = async (
    method: string,
    resource: string,
    as: string | { readonly bearer: string; readonly ifMatch: string },
    body?: unknown,
  ) => {
    const { bearer, ifMatch } = typeof as === "string" ? { bearer: as, ifMatch: undefined } : as;
    const response = await fetch(`${this.url}${resource}`, {
      method,
      headers: {
        authorization: `bearer ${bearer}`,
        "content-type": "application/json",
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: answer.parse(text === "" ? {} : JSON.parse(text)),
    };
  };

  /** The client `admin`'s own token, which may do everything here. */
  readonly adminToken = async () => {
    const answered = await this.token(
      {
        grant_type: "client_credentials",
        client_id: "admin",
        client_secret: this.#adminClientSecret,
      },
      {},
    );
    return answered.access_token;
  };

  /** Makes a user as an administrator does, and gives the guid. */
  readonly addUser = async (userName: string, password: string) => {
    const message = newUser(userName, password);
    return (await this.call("POST", "/Users", await this.adminToken(), message)).body.id;
  };

  /** Lets the clean-up loop run whole, with the time as it is now; 20 minutes pass. Gives what the last run says. */
  readonly upkeep = async (): Promise<LoopStatus> => {
    const before = (await this.#upkeepStatus()).activations;
    for (let run = 1; run <= 2; run += 1) {
      // A run that was under way began with an earlier time: the second one after it did not.
      await pass(this.clock, 600_000);
      for (let round = 0; (await this.#upkeepStatus()).activations < before + run; round += 1) {
        if (round === 3_000) throw new Error("The clean-up has not run within a minute");
        await systemClock.sleep(20);
      }
    }
    return this.#upkeepStatus();
  };

  async #upkeepStatus(): Promise<LoopStatus> {
    const response = await fetch(`${this.url}/rivera/v1/loops`, {
      headers: { authorization: `bearer ${await this.adminToken()}` },
    });
    const loops = loopsAnswer.parse(await response.json());
    const upkeep = loops.find(({ name }) => name === "uaa.upkeep");
    if (upkeep === undefined) throw new Error("There is no clean-up loop");
    return upkeep;
  }

  readonly browser = () => new TestBrowser(this.url, this.externalUrl);
}

export async function start(
  over: Partial<UaaConfig> = {},
  clock = new FakeClock(),
): Promise<TestUaa> {
  const logger = new RecordingLogger();
  const config = {
    basePath: "/uaa",
    externalUrl: "http://127.0.0.1:9/uaa",
    database: await testDatabase(uaaMigrations),
    admin,
    passwordCost: 2,
    ...over,
  };
  const uaa = await startUaa(config, { clock, logger });
  const server = createServer(uaa.handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return new TestUaa({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/uaa`,
    externalUrl: config.externalUrl,
    clock,
    logger,
    adminClientSecret: config.adminClientSecret ?? config.admin.password,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await uaa[Symbol.asyncDispose]();
    },
  });
}

export async function running(...args: Parameters<typeof start>): Promise<TestUaa> {
  const uaa = await start(...args);
  after(uaa.stop);
  return uaa;
}

export async function pass(clock: FakeClock, ms: number): Promise<void> {
  const elapsed = clock.sleep(ms);
  await clock.advance(ms);
  await elapsed;
}
