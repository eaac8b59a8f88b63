import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { exportJWK, SignJWT } from "jose";
import { request } from "undici";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import type { KeptTaskClient } from "#diego/cell/rep/client.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import { asInternalSecret } from "#kernel/http/internal-auth.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import type { LogCacheClient, LogEnvelope } from "#log-cache/client.ts";
import type { Database, Schema } from "../database/schema.ts";
import { migrations } from "../database/migrations/all.ts";
import { defaultLimits, type CloudControllerConfig } from "../config.ts";
import { defaultStagingLimits, type StagingConfig } from "../staging/staging-config.ts";
import { eventually } from "./eventually.ts";
import { FakeBbs } from "./fake-bbs.ts";
import { startCloudController, type CloudController } from "../start-cloud-controller.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read answers as a client would, by path
  readonly json: any;
}

export interface Claims {
  readonly userGuid: string;
  readonly userName?: string;
  readonly origin?: string;
  readonly scopes?: readonly string[];
  readonly expiresInSeconds?: number;
  readonly audience?: string;
  readonly issuer?: string;
  readonly issuedInSeconds?: number;
  /** Claims as they stand in the token, instead of what they would be; undefined leaves one out. */
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** A real Cloud Controller on a real database, real HTTP and signed tokens; Diego and the blobstore are the test's. */
export class TestCloudController implements AsyncDisposable {
  readonly url: string;
  readonly internalUrl: string;
  readonly secret: string;
  readonly logger: RecordingLogger;
  readonly logLines: LogEnvelope[];
  readonly directory: string;
  readonly #stack: AsyncDisposableStack;
  readonly #sign: (claims: Claims) => Promise<string>;

  private constructor(parts: {
    readonly url: string;
    readonly cloudController: CloudController;
    readonly logger: RecordingLogger;
    readonly logLines: LogEnvelope[];
    readonly directory: string;
    readonly stack: AsyncDisposableStack;
    readonly sign: (claims: Claims) => Promise<string>;
  }) {
    this.url = parts.url;
    this.internalUrl = parts.cloudController.internalUrl;
    this.secret = "test-secret";
    this.logger = parts.logger;
    this.logLines = parts.logLines;
    this.directory = parts.directory;
    this.#stack = parts.stack;
    this.#sign = parts.sign;
  }

  static async start(
    options: {
      readonly bbs?: Partial<BbsClient>;
      /** Of the cells that the BBS names. */
      readonly keptTasksOf?: (repUrl: string) => KeptTaskClient;
      readonly blobstore?: Blobstore;
      readonly logCache?: LogCacheClient;
      readonly config?: Partial<CloudControllerConfig>;
      readonly staging?: Partial<StagingConfig>;
      /** Keeps the database across two starts. */
      readonly directory?: string;
    } = {},
  ): Promise<TestCloudController> {
    await using stack = new AsyncDisposableStack();
    const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), "cc-")));
    if (options.directory === undefined) {
      stack.defer(() => rm(directory, { recursive: true, force: true }));
    }
    const uaa = await startTokenKeys(stack);
    const { server, url } = await listen(stack);
    const logger = new RecordingLogger();
    const logLines: LogEnvelope[] = [];
    const cloudController = stack.use(
      await startCloudController(
        {
          database: await databaseIn(directory),
          externalUrl: url,
          uaaUrl: `${uaa.url}/uaa`,
          logCacheUrl: url,
          appsDomain: "apps.localhost",
          internalPort: 0,
          secret: asInternalSecret("test-secret"),
          defaultStack: "cflinuxfs4",
          limits: defaultLimits,
          staging: { ...stagingConfig(directory), ...options.staging },
          longPollMs: 2000,
          ...options.config,
        },
        {
          clock: systemClock,
          logger,
          bbs: unreachable<BbsClient>("BBS", options.bbs ?? new FakeBbs()),
          keptTasksOf: options.keptTasksOf ?? ((repUrl) => unreachable<KeptTaskClient>(repUrl, {})),
          blobstore:
            options.blobstore ??
            (await openDiskBlobstore({
              directory: path.join(directory, "blobs"),
              minimumFreeBytes: 0,
            })),
          logCache: options.logCache ?? {
            latestGauges: async () => [],
            tail: async () => ({
              tailed: false,
              newestReturned: 0n,
              newestShown: 0n,
              newestStored: 0n,
            }),
          },
          logs: {
            emit: (envelope) => logLines.push(envelope),
            emitGauge: () => undefined,
            flush: async () => undefined,
          },
        },
      ),
    );
    server.on("request", cloudController.handler);
    server.on("upgrade", cloudController.upgrade);
    return new TestCloudController({
      url,
      cloudController,
      logger,
      logLines,
      directory,
      stack: stack.move(),
      sign: uaa.sign,
    });
  }

  /** Its rows, for what no request can bring about. */
  async openDatabase(): Promise<Database> {
    return await openDatabase<Schema>(await databaseIn(this.directory), migrations);
  }

  async token(claims: Claims): Promise<string> {
    return await this.#sign(claims);
  }

  /** A caller with a token of its own. */
  async as(claims: Claims): Promise<Caller> {
    return new Caller(this.url, `bearer ${await this.#sign(claims)}`);
  }

  async admin(): Promise<Caller> {
    return await this.as({
      userGuid: "admin-guid",
      userName: "admin",
      scopes: ["cloud_controller.admin", "cloud_controller.read", "cloud_controller.write"],
    });
  }

  /** A request as a cell or the BBS makes it: a whole URL, no token, no secret. */
  async cell(
    method: "GET" | "POST",
    url: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { origin, pathname, search } = new URL(url);
    return await new Caller(origin, undefined).send(method, pathname + search, body, {
      "content-type": "application/octet-stream",
      ...headers,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Sends requests with one token and reads whole answers. */
export class Caller {
  readonly #url: string;
  readonly #authorization: string | undefined;

  constructor(url: string, authorization: string | undefined) {
    this.#url = url;
    this.#authorization = authorization;
  }

  get = (path: string) => this.send("GET", path);
  post = (path: string, body?: unknown) => this.send("POST", path, body);
  patch = (path: string, body?: unknown) => this.send("PATCH", path, body);
  delete = (path: string) => this.send("DELETE", path);

  /** A string or a buffer is sent as it is, anything else as JSON. */
  async send(
    method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await request(`${this.#url}${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : {
            body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
          }),
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      get json() {
        return JSON.parse(text);
      },
    };
  }

  /** Follows the job of a 202 to its end. */
  async job(answer: Answer): Promise<Answer> {
    const location = answer.headers["location"];
    if (typeof location !== "string") throw new Error(`no job: ${answer.status} ${answer.text}`);
    return await eventually(async () => {
      const job = await this.get(new URL(location).pathname);
      return job.json.state === "PROCESSING" ? undefined : job;
    });
  }
}

async function databaseIn(directory: string): Promise<DatabaseConfig> {
  return await testDatabase(migrations, path.join(directory, "cloud-controller.db"));
}

/** Stands for a component that a test does not need: any call rejects. */
function unreachable<T extends object>(name: string, given: Partial<T> = {}): T {
  return new Proxy(given as T, {
    get: (target, property, receiver) =>
      property in target
        ? Reflect.get(target, property, receiver)
        : () => Promise.reject(new Error(`${name} is not there: ${String(property)}`)),
  });
}

/** The part of a UAA that Cloud Controller sees: published keys. */
let keyPair: ReturnType<typeof newKeyPair> | undefined;

/** One for all tests of a process: 80 ms each are a tenth of what a test takes. */
function newKeyPair() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

async function startTokenKeys(stack: AsyncDisposableStack) {
  keyPair ??= newKeyPair();
  const { publicKey, privateKey } = keyPair;
  const jwk = { ...(await exportJWK(publicKey)), kid: "key-1", alg: "RS256", use: "sig" };
  const { server, url } = await listen(stack);
  server.on("request", (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  const sign = async (claims: Claims) => {
    const now = Math.floor(systemClock.now().getTime() / 1000);
    return await new SignJWT({
      user_id: claims.userGuid,
      user_name: claims.userName ?? claims.userGuid,
      email: claims.userName ?? claims.userGuid,
      client_id: "cf",
      origin: claims.origin ?? "uaa",
      scope: claims.scopes ?? ["cloud_controller.read", "cloud_controller.write"],
      iat: now + (claims.issuedInSeconds ?? 0),
      exp: now + (claims.expiresInSeconds ?? 600),
      aud: claims.audience ?? "cloud_controller",
      iss: claims.issuer ?? `${url}/uaa/oauth/token`,
      ...claims.payload,
    })
      .setProtectedHeader({ alg: "RS256", kid: "key-1" })
      .sign(privateKey);
  };
  return { url, sign };
}

async function listen(stack: AsyncDisposableStack): Promise<{ server: Server; url: string }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.defer(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function stagingConfig(directory: string): StagingConfig {
  return {
    workDirectory: path.join(directory, "work"),
    lifecycleBundle: { path: path.join(directory, "lifecycle.tgz"), key: "test" },
    shippedBuildpacksDirectory: undefined,
    signingSecret: "test-signing-secret",
    stagingEnvironment: {},
    lang: "en_US.UTF-8",
    limits: defaultStagingLimits,
    syncIntervalMs: 30_000,
  };
}
