import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import { asGuid, type GuidSource } from "#kernel/guid.ts";
import { uaaOrigin } from "../grants/grant-steps.ts";
import {
  parseScim,
  presentList,
  readListQuery,
  requireVersion,
  staleVersion,
} from "../scim/scim-message.ts";
import { UaaError } from "../uaa-error.ts";
import { userGroups } from "../users/default-groups.ts";
import type { LoginFailureTable } from "../users/login-failure-table.ts";
import type { PasswordHasher } from "../users/password-hasher.ts";
import { requirePasswordPolicy } from "../users/password-policy.ts";
import { userFilterColumns, userNameKey, type User, type UserTable } from "../users/user-table.ts";
import { hasAnyScope, requireAnyScope, type Authenticate } from "./bearer.ts";
import {
  isOnlyNameDifferent,
  patched,
  profileOf,
  userMessageSchema,
  type UserMessage,
} from "./user-messages.ts";
import { presentUser } from "./user-presenter.ts";

export interface UserEndpointParts {
  readonly users: UserTable;
  readonly failures: LoginFailureTable;
  readonly hasher: PasswordHasher;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  readonly guids: GuidSource;
}

type OneUser = FastifyRequest<{ Params: { guid: string } }>;

const readers = ["scim.read", "uaa.admin"] as const;
const writers = ["scim.write", "uaa.admin"] as const;

/** Users in SCIM's form. Whoever may not read or write them all may see the own record, and change the name in it. */
export function registerUserEndpoints(app: FastifyInstance, parts: UserEndpointParts): void {
  const { users, authenticate } = parts;

  app.get("/Users", async (request) => {
    await authenticate(request, ...readers);
    const query = readListQuery(request.query, userFilterColumns);
    const { users: found, total } = await users.list(query.filter, {
      ...query,
      sortBy: query.sortBy?.toLowerCase() === "username" ? "userName" : "created",
    });
    return presentList(found.map(presentUser), { query, total });
  });

  app.get("/Users/:guid", async (request: OneUser, reply) => {
    const bearer = await authenticate(request);
    if (bearer.userGuid !== request.params.guid) requireAnyScope(bearer, readers);
    return answer(reply, await existing(users, request.params.guid));
  });

  app.post("/Users", async (request, reply) => {
    await authenticate(request, ...writers, "scim.create");
    const user = await createUser(parseScim(userMessageSchema, request.body), parts);
    void reply.code(201);
    return answer(reply, user);
  });

  app.put("/Users/:guid", async (request: OneUser, reply) => {
    const message = parseScim(userMessageSchema, request.body);
    return answer(reply, await changeUser(request, () => message, parts));
  });

  app.patch("/Users/:guid", async (request: OneUser, reply) => {
    const message = parseScim(userMessageSchema, request.body);
    return answer(reply, await changeUser(request, (user) => patched(message, user), parts));
  });

  app.delete("/Users/:guid", async (request: OneUser) => {
    await authenticate(request, ...writers);
    const user = await existing(users, request.params.guid);
    const match = request.headers["if-match"];
    if (match !== undefined) requireVersion(match, user.version);
    await users.delete(user.guid);
    return presentUser(user);
  });

  registerStatusEndpoint(app, parts);
}

/** An administrator lets a locked user in again. */
function registerStatusEndpoint(app: FastifyInstance, parts: UserEndpointParts): void {
  app.patch("/Users/:guid/status", async (request: OneUser) => {
    await parts.authenticate(request, ...writers, "uaa.account_status.write");
    const user = await existing(parts.users, request.params.guid);
    const body: unknown = request.body;
    if (typeof body !== "object" || body === null || !("locked" in body) || body.locked !== false) {
      throw new UaaError(
        "scim",
        "Cannot set user account to locked. User accounts only become locked through exceeding the allowed failed login attempts.",
      );
    }
    await parts.failures.clear(userNameKey(user.userName));
    return { locked: false };
  });
}

async function createUser(message: UserMessage, parts: UserEndpointParts): Promise<User> {
  const { users, hasher, clock, guids } = parts;
  const origin =
    message.origin === undefined || message.origin === null || message.origin === ""
      ? uaaOrigin
      : message.origin;
  const profile = profileOf(message, { origin, isActive: true, isVerified: true });
  const password = message.password ?? "";
  if (origin === uaaOrigin) requirePasswordPolicy(password);
  const guid = asGuid<"user">(guids());
  const isNew = await users.insert(
    {
      guid,
      origin,
      ...profile,
      // Users of another origin have their password there: no password has the empty hash.
      passwordHash: origin === uaaOrigin ? await hasher.hash(password) : "",
      groups: userGroups,
    },
    clock.now().getTime(),
  );
  if (!isNew) throw nameTaken(profile.userName);
  return existing(users, guid);
}

async function changeUser(
  request: OneUser,
  toMessage: (user: User) => UserMessage,
  { users, authenticate, clock }: UserEndpointParts,
): Promise<User> {
  const bearer = await authenticate(request);
  const isWriter = hasAnyScope(bearer, writers);
  if (!isWriter && bearer.userGuid !== request.params.guid) requireAnyScope(bearer, writers);
  const user = await existing(users, request.params.guid);
  requireVersion(request.headers["if-match"], user.version);
  const message = toMessage(user);
  if ((message.origin ?? "") !== "" && message.origin !== user.origin) {
    throw new UaaError("invalid_scim_resource", "Cannot change user's origin in update operation.");
  }
  const profile = profileOf(message, user);
  if (!isWriter && !isOnlyNameDifferent(user, profile)) {
    throw new UaaError(
      "invalid_self_edit",
      "Users are only allowed to edit their own User settings when internal user storage is enabled, and in that case they may only edit the givenName and familyName.",
    );
  }
  const outcome = await users.update(user, profile, clock.now().getTime());
  switch (outcome) {
    case "updated":
      return existing(users, user.guid);
    case "stale":
      throw staleVersion();
    case "taken":
      throw nameTaken(profile.userName);
  }
}

export async function existing(users: UserTable, guid: string): Promise<User> {
  const user = await users.byGuid(guid);
  if (user === undefined) {
    throw new UaaError("scim_resource_not_found", `User ${guid.slice(0, 64)} does not exist`);
  }
  return user;
}

function answer(reply: FastifyReply, user: User): FastifyReply {
  return reply.header("etag", `"${user.version}"`).send(presentUser(user));
}

function nameTaken(userName: string): UaaError {
  return new UaaError("scim_resource_already_exists", `Username already in use: ${userName}`);
}
