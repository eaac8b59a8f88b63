import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { asGuid, type GuidSource } from "#kernel/guid.ts";
import { uaaOrigin } from "../grants/grant-steps.ts";
import type { Bearer } from "../tokens/token-issuer.ts";
import { UaaError } from "../uaa-error.ts";
import { userGroups } from "../users/default-groups.ts";
import { hashPassword, isAcceptablePassword, isPasswordOf } from "../users/password-hash.ts";
import type { User, UserTable } from "../users/user-table.ts";
import { requireAnyScope, type Authenticate } from "./bearer.ts";
import { parseScimFilter } from "./scim-filter.ts";
import { presentUser } from "./user-presenter.ts";

export interface UserEndpointParts {
  readonly users: UserTable;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  readonly guids: GuidSource;
}

const newPassword = z
  .string()
  .min(1)
  .refine(isAcceptablePassword, "A password has 1,024 bytes at most, and no NUL");

const newUserMessage = z.object({
  userName: z.string().trim().min(1).max(255),
  password: newPassword.optional(),
  /** The official client sends "" where none was given. */
  origin: z.string().max(36).optional(),
  name: z
    .object({ givenName: z.string().max(255), familyName: z.string().max(255) })
    .partial()
    .optional(),
  emails: z.array(z.object({ value: z.string().max(255) })).optional(),
});

const passwordMessage = z.object({ oldPassword: z.string().optional(), password: newPassword });

const maxPageSize = 500;
const listQuery = z.object({
  filter: z.string().max(1_024).optional(),
  startIndex: z.coerce.number().int().min(1).default(1),
  count: z.coerce.number().int().min(1).max(maxPageSize).default(100),
});

/** Users in SCIM's form, as far as `cf create-user`, `delete-user` and `passwd` go. */
export function registerUserEndpoints(app: FastifyInstance, parts: UserEndpointParts): void {
  const { users, authenticate, clock, guids } = parts;

  app.get("/Users", async (request) => {
    await authenticate(request, "scim.read", "uaa.admin");
    const { filter, startIndex, count } = parse(listQuery, request.query);
    const { users: found, total } = await users.list(
      filter === undefined ? {} : parseScimFilter(filter),
      { offset: startIndex - 1, limit: count },
    );
    return {
      resources: found.map(presentUser),
      startIndex,
      itemsPerPage: count,
      totalResults: total,
      schemas: ["urn:scim:schemas:core:1.0"],
    };
  });

  app.get<{ Params: { guid: string } }>("/Users/:guid", async (request) => {
    await authenticate(request, "scim.read", "uaa.admin");
    return presentUser(await existing(users, request.params.guid));
  });

  app.post("/Users", async (request, reply) => {
    await authenticate(request, "scim.write", "uaa.admin");
    const message = parse(newUserMessage, request.body);
    const guid = asGuid<"user">(guids());
    const origin =
      message.origin === undefined || message.origin === "" ? uaaOrigin : message.origin;
    if (origin === uaaOrigin && message.password === undefined) {
      throw new UaaError("invalid_scim_resource", "A password is needed");
    }
    const isNew = await users.insert(
      {
        guid,
        userName: message.userName,
        origin,
        email: message.emails?.[0]?.value ?? message.userName,
        givenName: message.name?.givenName ?? "",
        familyName: message.name?.familyName ?? "",
        // Without a password nobody can log in with one: no hash has the empty form.
        passwordHash: message.password === undefined ? "" : await hashPassword(message.password),
        groups: userGroups,
      },
      clock.now().getTime(),
    );
    if (!isNew) {
      throw new UaaError(
        "scim_resource_already_exists",
        `Username already in use: ${message.userName}`,
      );
    }
    return reply.code(201).send(presentUser(await existing(users, guid)));
  });

  app.delete<{ Params: { guid: string } }>("/Users/:guid", async (request) => {
    await authenticate(request, "scim.write", "uaa.admin");
    const user = await existing(users, request.params.guid);
    await users.delete(user.guid);
    return presentUser(user);
  });

  app.put<{ Params: { guid: string } }>("/Users/:guid/password", async (request) => {
    const bearer = await authenticate(request);
    requireAnyScope(bearer, ["password.write", "uaa.admin"]);
    const message = parse(passwordMessage, request.body);
    const user = await userWhosePasswordChanges(users, bearer, request.params.guid);
    if (bearer.userGuid === user.guid) await requireOldPassword(user, message.oldPassword ?? "");
    if (await isPasswordOf(user.passwordHash, message.password)) {
      throw new UaaError(
        "invalid_password",
        "Your new password cannot be the same as the old password.",
      );
    }
    const passwordHash = await hashPassword(message.password);
    await users.setPassword(user.guid, passwordHash, clock.now().getTime());
    return { status: "ok", message: "password updated" };
  });
}

async function existing(users: UserTable, guid: string): Promise<User> {
  const user = await users.byGuid(guid);
  if (user === undefined) {
    throw new UaaError("scim_resource_not_found", `User ${guid.slice(0, 64)} does not exist`);
  }
  return user;
}

/** One's own, or anybody's for an administrator. */
async function userWhosePasswordChanges(
  users: UserTable,
  bearer: Bearer,
  guid: string,
): Promise<User> {
  if (bearer.userGuid !== guid) requireAnyScope(bearer, ["uaa.admin"]);
  return existing(users, guid);
}

async function requireOldPassword(user: User, oldPassword: string): Promise<void> {
  if (await isPasswordOf(user.passwordHash, oldPassword)) return;
  throw new UaaError("unauthorized", "Old password is incorrect");
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UaaError("invalid_scim_resource", z.prettifyError(result.error));
}
