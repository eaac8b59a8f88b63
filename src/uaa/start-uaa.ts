import type { Kysely } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { DatabaseConfig } from "#db/database-config.ts";
import { openDatabase } from "#db/open-database.ts";
import { asGuid, randomGuids } from "#kernel/guid.ts";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { builtInClients, ClientRegistry, type OauthClient } from "./clients/oauth-client.ts";
import { uaaMigrations } from "./database/migrations.ts";
import type { UaaSchema } from "./database/schema.ts";
import { uaaOrigin } from "./grants/grant-steps.ts";
import { authenticateWith } from "./http/bearer.ts";
import { registerClientEndpoints } from "./http/client-endpoints.ts";
import { registerInformationEndpoints } from "./http/information-endpoints.ts";
import { registerTokenEndpoint } from "./http/token-endpoint.ts";
import { createUaaApp } from "./http/uaa-app.ts";
import { registerUserEndpoints } from "./http/user-endpoints.ts";
import { SessionTable } from "./tokens/session-table.ts";
import { SigningKeys } from "./tokens/signing-keys.ts";
import { TokenIssuer } from "./tokens/token-issuer.ts";
import { adminGroups } from "./users/default-groups.ts";
import { LoginFailureTable } from "./users/login-failure-table.ts";
import { hashPassword, isPasswordOf } from "./users/password-hash.ts";
import { PasswordLogin } from "./users/password-login.ts";
import { UserTable } from "./users/user-table.ts";

export interface UaaConfig {
  /** The path that the platform serves UAA under, and the path of `externalUrl`: `/uaa`, or "" for none. */
  readonly basePath: string;
  /** UAA's whole public URL, `http://127.0.0.1:8080/uaa`; part of every token's issuer. */
  readonly externalUrl: string;
  readonly database: DatabaseConfig;
  /** Made or brought to this password at every start. */
  readonly admin: { readonly username: string; readonly password: string };
  /** Of the clients `admin` and `ssh-proxy`; default: the admin's password. */
  readonly adminClientSecret?: string;
  /** Further ones; one with a built-in client's id takes its place. */
  readonly clients?: readonly OauthClient[];
}

export interface UaaDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Uaa extends AsyncDisposable {
  readonly handler: HttpHandler;
}

export async function startUaa(config: UaaConfig, dependencies: UaaDependencies): Promise<Uaa> {
  const { clock } = dependencies;
  const logger = dependencies.logger.child("uaa");
  const externalUrl = config.externalUrl.replace(/\/+$/, "");
  const db = await openDatabase<UaaSchema>(config.database, uaaMigrations);
  const users = new UserTable(db);
  const sessions = new SessionTable(db);
  const keys = await SigningKeys.load(db, clock.now().getTime());
  await ensureAdmin(users, config.admin, clock.now().getTime());

  const guids = randomGuids;
  const tokens = new TokenIssuer({ keys, sessions, users, clock, guids, externalUrl });
  const clients = new ClientRegistry([
    ...builtInClients(config.adminClientSecret ?? config.admin.password),
    ...(config.clients ?? []),
  ]);
  const passwordLogin = new PasswordLogin({ users, failures: new LoginFailureTable(db), clock });
  const authenticate = authenticateWith(tokens);

  const app = createUaaApp(logger);
  await app.register(
    async (scope) => {
      registerInformationEndpoints(scope, { keys, externalUrl, issuer: tokens.issuer });
      registerTokenEndpoint(scope, {
        clients,
        users,
        passwordLogin,
        sessions,
        tokens,
        clock,
        authenticate,
      });
      registerUserEndpoints(scope, { users, authenticate, clock, guids });
      registerClientEndpoints(scope, { clients, authenticate });
    },
    { prefix: config.basePath },
  );
  await app.ready();
  logger.info("started", { externalUrl });

  return {
    handler: (request, response) => app.routing(request, response),
    [Symbol.asyncDispose]: () => stop(app, db, logger),
  };
}

async function stop(
  app: { close(): Promise<unknown> },
  db: Kysely<UaaSchema>,
  logger: Logger,
): Promise<void> {
  await app.close();
  await db.destroy();
  logger.info("stopped");
}

/** The configuration has the last word on the administrator's password; a change ends the administrator's sessions. */
async function ensureAdmin(
  users: UserTable,
  admin: UaaConfig["admin"],
  now: number,
): Promise<void> {
  const known = await users.byName(admin.username, uaaOrigin);
  if (known === undefined) {
    await users.insert(
      {
        guid: asGuid<"user">(randomGuids()),
        userName: admin.username,
        origin: uaaOrigin,
        email: admin.username,
        givenName: "",
        familyName: "",
        passwordHash: await hashPassword(admin.password),
        groups: adminGroups,
      },
      now,
    );
    return;
  }
  if (!(await isPasswordOf(known.passwordHash, admin.password))) {
    await users.setPassword(known.guid, await hashPassword(admin.password), now);
  }
  await users.setGroups(known.guid, adminGroups);
}
