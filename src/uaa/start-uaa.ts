import type { FastifyInstance } from "fastify";
import type { Kysely } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { openDatabase } from "#db/open-database.ts";
import { queryMeter } from "#db/query-metrics.ts";
import { randomGuids } from "#kernel/guid.ts";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { meterRequests } from "#kernel/metrics/http-metrics.ts";
import { meterLoops } from "#kernel/metrics/loop-metrics.ts";
import { createRegistry } from "#kernel/metrics/registry.ts";
import type { Loop } from "#kernel/loop/loop.ts";
import { registerAuthorizeEndpoint } from "./browser/authorize-endpoint.ts";
import { createLoggedIn } from "./browser/logged-in.ts";
import { registerLoginEndpoints } from "./browser/login-endpoints.ts";
import { WebSessionTable } from "./browser/web-session-table.ts";
import { ClientTable } from "./clients/client-table.ts";
import { builtInClients, type ConfiguredClient } from "./clients/configured-clients.ts";
import { OneTimeCodeTable } from "./codes/one-time-code-table.ts";
import { uaaMigrations } from "./database/migrations.ts";
import type { UaaSchema } from "./database/schema.ts";
import { GroupTable } from "./groups/group-table.ts";
import { authenticateWith } from "./http/bearer.ts";
import { registerClientEndpoints } from "./http/client-endpoints.ts";
import { registerGroupEndpoints } from "./http/group-endpoints.ts";
import { loginInformation, registerInformationEndpoints } from "./http/information-endpoints.ts";
import { registerPasswordEndpoint } from "./http/password-endpoint.ts";
import { registerRevocationEndpoints } from "./http/revocation-endpoints.ts";
import { registerTokenEndpoint } from "./http/token-endpoint.ts";
import { registerTokenInspectionEndpoints } from "./http/token-inspection-endpoints.ts";
import { createUaaApp } from "./http/uaa-app.ts";
import { registerUpkeepEndpoints } from "./http/upkeep-endpoints.ts";
import { registerUserEndpoints } from "./http/user-endpoints.ts";
import { registerUserinfoEndpoint } from "./http/userinfo-endpoint.ts";
import { SessionTable } from "./tokens/session-table.ts";
import { SigningKeys } from "./tokens/signing-keys.ts";
import { TokenIssuer } from "./tokens/token-issuer.ts";
import { createUpkeepLoop } from "./upkeep/upkeep-loop.ts";
import { ensureAdmin } from "./users/configured-admin.ts";
import { builtInGroups } from "./users/default-groups.ts";
import { defaultLockoutPolicy, type LockoutPolicy } from "./users/lockout.ts";
import { LoginFailureTable } from "./users/login-failure-table.ts";
import { PasswordHasher } from "./users/password-hasher.ts";
import { PasswordLogin } from "./users/password-login.ts";
import { UserTable } from "./users/user-table.ts";

export interface UaaConfig {
  /** The path that the platform serves UAA under, and the path of `externalUrl`: `/uaa`, or "" for none. */
  readonly basePath: string;
  /** UAA's whole public URL, `http://127.0.0.1:8080/uaa`; part of every token's issuer. */
  readonly externalUrl: string;
  readonly database: DatabaseConfig;
  /** Made at the first start; brought to this password wherever it is another one than at the last start. */
  readonly admin: { readonly username: string; readonly password: string };
  /** Of the clients `admin` and `ssh-proxy`; default: the admin's password. */
  readonly adminClientSecret?: string;
  /** Further ones; one with a built-in client's id takes its place. Each start brings them back to this. */
  readonly clients?: readonly ConfiguredClient[];
  /** How much work the hash of a password is, as scrypt's N; default 16,384. Hashes of another cost stay right. */
  readonly passwordCost?: number;
  /** When wrong passwords lock a name; UAA's own policy by default. */
  readonly lockout?: LockoutPolicy;
}

export interface UaaDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Uaa extends AsyncDisposable {
  readonly handler: HttpHandler;
  /** In Prometheus' text. UAA has no internal listener: whoever starts it serves them. */
  metrics(): Promise<string>;
}

export async function startUaa(config: UaaConfig, dependencies: UaaDependencies): Promise<Uaa> {
  const { clock } = dependencies;
  const logger = dependencies.logger.child("uaa");
  const externalUrl = config.externalUrl.replace(/\/+$/, "");
  const registry = createRegistry("uaa");
  const db = await openDatabase<UaaSchema>(config.database, uaaMigrations, queryMeter(registry));
  const { passwordCost, lockout = defaultLockoutPolicy } = config;
  const parts = await assemble({ db, clock, externalUrl, passwordCost, lockout });
  await seed({ ...config, externalUrl }, { ...parts, db });
  const loop = createUpkeepLoop({ ...parts, db, logger }).start();

  meterLoops(registry, () => [loop.status()]);
  const app = createUaaApp(logger);
  meterRequests(app, registry);
  await app.register(async (scope) => registerEndpoints(scope, { ...parts, loops: [loop] }), {
    prefix: config.basePath,
  });
  await app.ready();
  logger.info("started", { externalUrl });

  return {
    handler: (request, response) => app.routing(request, response),
    metrics: async () => await registry.metrics(),
    async [Symbol.asyncDispose]() {
      await app.close();
      await loop[Symbol.asyncDispose]();
      await db.destroy();
      logger.info("stopped");
    },
  };
}

type Parts = Awaited<ReturnType<typeof assemble>>;

/** What the endpoints are made of. */
async function assemble(on: {
  readonly db: Kysely<UaaSchema>;
  readonly clock: Clock;
  readonly externalUrl: string;
  readonly passwordCost: number | undefined;
  readonly lockout: LockoutPolicy;
}) {
  const { db, clock, externalUrl } = on;
  const guids = randomGuids;
  const users = new UserTable(db);
  const clients = new ClientTable(db);
  const sessions = new SessionTable(db);
  const webSessions = new WebSessionTable(db);
  const failures = new LoginFailureTable(db, on.lockout);
  const hasher = new PasswordHasher(on.passwordCost);
  const keys = await SigningKeys.load(db, clock.now().getTime());
  const tokens = new TokenIssuer({ keys, sessions, clients, clock, guids, externalUrl });
  return {
    clock,
    guids,
    externalUrl,
    users,
    clients,
    sessions,
    webSessions,
    failures,
    hasher,
    keys,
    tokens,
    groups: new GroupTable(db),
    codes: new OneTimeCodeTable(db),
    passwordLogin: new PasswordLogin({ users, failures, hasher, clock }),
    authenticate: authenticateWith(tokens),
    loggedIn: createLoggedIn({ webSessions, users, clock, externalUrl }),
    issuer: tokens.issuer,
    tokenEndpoint: tokens.issuer,
  };
}

/** What must be there before anybody asks. */
async function seed(config: UaaConfig, parts: Parts & { db: Kysely<UaaSchema> }): Promise<void> {
  const { clients, groups, guids, clock, externalUrl } = parts;
  const now = clock.now().getTime();
  await groups.ensure(builtInGroups, guids, now);
  await ensureAdmin(config.admin, { ...parts, now });
  const adminClientSecret = config.adminClientSecret ?? config.admin.password;
  await clients.ensure(
    [...builtInClients({ adminClientSecret, externalUrl }), ...(config.clients ?? [])],
    now,
  );
}

function registerEndpoints(
  scope: FastifyInstance,
  parts: Parts & { readonly loops: readonly Loop[] },
): void {
  registerInformationEndpoints(scope, parts);
  registerTokenEndpoint(scope, parts);
  registerTokenInspectionEndpoints(scope, parts);
  registerRevocationEndpoints(scope, parts);
  registerUserinfoEndpoint(scope, parts);
  registerUserEndpoints(scope, parts);
  registerPasswordEndpoint(scope, parts);
  registerGroupEndpoints(scope, parts);
  registerClientEndpoints(scope, parts);
  registerLoginEndpoints(scope, {
    ...parts,
    loginInformation: loginInformation(parts.externalUrl),
  });
  registerAuthorizeEndpoint(scope, parts);
  registerUpkeepEndpoints(scope, parts);
}
