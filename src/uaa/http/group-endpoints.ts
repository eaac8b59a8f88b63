import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import {
  groupFilterColumns,
  type Group,
  type GroupMember,
  type GroupTable,
} from "../groups/group-table.ts";
import {
  parseScim,
  presentList,
  readListQuery,
  requireVersion,
  staleVersion,
} from "../scim/scim-message.ts";
import { UaaError } from "../uaa-error.ts";
import { userGroups } from "../users/default-groups.ts";
import type { UserTable } from "../users/user-table.ts";
import type { Authenticate } from "./bearer.ts";
import { iso } from "./user-presenter.ts";

export interface GroupEndpointParts {
  readonly groups: GroupTable;
  readonly users: UserTable;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  readonly guids: GuidSource;
}

const memberMessage = z.looseObject({
  value: z.string().min(1).max(64),
  type: z.enum(["USER", "user"]).optional(),
});

const groupMessage = z.object({
  displayName: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\w.:/-]+$/, "displayName is the name of a scope: letters, digits and . : / _ -"),
  description: z.string().max(1_024).nullish(),
  members: z.array(memberMessage).max(1_000).nullish(),
});

type OneGroup = FastifyRequest<{ Params: { group: string } }>;
type OneMember = FastifyRequest<{ Params: { group: string; member: string } }>;

const readers = ["scim.read", "uaa.admin"] as const;
const writers = ["scim.write", "groups.update", "uaa.admin"] as const;

/** Groups in SCIM's form: how a user is made an administrator. Members are users; groups in groups there are none. */
export function registerGroupEndpoints(app: FastifyInstance, parts: GroupEndpointParts): void {
  const { groups, authenticate } = parts;

  app.get("/Groups", async (request) => {
    await authenticate(request, ...readers);
    const query = readListQuery(request.query, groupFilterColumns);
    const { groups: found, total } = await groups.list(query.filter, query);
    const members = await groups.membersOf(found.map(({ name }) => name).filter(isListed));
    const resources = found.map((group) => presentGroup(group, members.get(group.name) ?? []));
    return presentList(resources, { query, total });
  });

  app.get("/Groups/:group", async (request: OneGroup, reply) => {
    await authenticate(request, ...readers);
    return answer(reply, await existing(request, groups), groups);
  });

  app.post("/Groups", async (request, reply) => {
    await authenticate(request, "scim.write", "uaa.admin");
    const message = parseScim(groupMessage, request.body);
    const members = await requireUsers(message.members ?? [], parts.users);
    const guid = parts.guids();
    const group = { guid, name: message.displayName, description: message.description ?? "" };
    if (!(await groups.insert(group, members, parts.clock.now().getTime()))) {
      throw new UaaError(
        "scim_resource_already_exists",
        `A group with displayName: ${message.displayName} already exists.`,
      );
    }
    void reply.code(201);
    return answer(reply, await existingGroup(guid, groups), groups);
  });

  app.put("/Groups/:group", async (request: OneGroup, reply) => {
    await authenticate(request, ...writers);
    const message = parseScim(groupMessage, request.body);
    const group = await existing(request, groups);
    requireVersion(request.headers["if-match"], group.version);
    if (message.displayName !== group.name) {
      throw new UaaError("invalid_scim_resource", "A group keeps its displayName: tokens name it");
    }
    const change = {
      description: message.description ?? group.description,
      members: message.members
        ? await requireUsers(message.members, parts.users)
        : isListed(group.name)
          ? []
          : undefined,
    };
    if (!(await groups.update(group, change, parts.clock.now().getTime()))) throw staleVersion();
    return answer(reply, await existing(request, groups), groups);
  });

  app.delete("/Groups/:group", async (request: OneGroup) => {
    await authenticate(request, "scim.write", "uaa.admin");
    const group = await existing(request, groups);
    const members = await listedMembers(group, groups);
    await groups.delete(group);
    return presentGroup(group, members);
  });

  registerMemberEndpoints(app, parts);
}

function registerMemberEndpoints(app: FastifyInstance, parts: GroupEndpointParts): void {
  const { groups, users, authenticate } = parts;

  app.get("/Groups/:group/members", async (request: OneGroup) => {
    await authenticate(request, ...readers);
    return (await listedMembers(await existing(request, groups), groups)).map(presentMember);
  });

  app.get("/Groups/:group/members/:member", async (request: OneMember) => {
    await authenticate(request, ...readers);
    return presentMember(await existingMember(request, groups));
  });

  app.post("/Groups/:group/members", async (request: OneGroup, reply) => {
    await authenticate(request, ...writers);
    const message = parseScim(memberMessage, request.body);
    const group = await existing(request, groups);
    await requireUsers([message], users);
    if (!(await groups.addMember(group, message.value))) {
      throw new UaaError(
        "member_already_exists",
        `${message.value} is already part of the group: ${group.guid}`,
      );
    }
    const member = await groups.member(group, message.value);
    return reply.code(201).send(member === undefined ? {} : presentMember(member));
  });

  app.delete("/Groups/:group/members/:member", async (request: OneMember) => {
    await authenticate(request, ...writers);
    const member = await existingMember(request, groups);
    await groups.removeMember(await existing(request, groups), member.userGuid);
    return presentMember(member);
  });
}

/** Everybody is in the groups that come by default; UAA does not list members of them, either. */
function isListed(name: string): boolean {
  return !userGroups.includes(name);
}

async function listedMembers(group: Group, groups: GroupTable): Promise<readonly GroupMember[]> {
  if (!isListed(group.name)) return [];
  return (await groups.membersOf([group.name])).get(group.name) ?? [];
}

async function requireUsers(
  members: readonly { readonly value: string }[],
  users: UserTable,
): Promise<string[]> {
  const guids = members.map(({ value }) => value);
  const known = await users.existing(guids);
  const unknown = guids.find((guid) => !known.has(guid));
  if (unknown === undefined) return guids;
  throw new UaaError("invalid_scim_resource", `Invalid group member: ${unknown}`);
}

function existing(request: OneGroup, groups: GroupTable): Promise<Group> {
  return existingGroup(request.params.group, groups);
}

async function existingGroup(guid: string, groups: GroupTable): Promise<Group> {
  const group = await groups.find(guid);
  if (group !== undefined) return group;
  throw new UaaError("scim_resource_not_found", `Group ${guid.slice(0, 64)} does not exist`);
}

async function existingMember(request: OneMember, groups: GroupTable): Promise<GroupMember> {
  const group = await existingGroup(request.params.group, groups);
  const member = await groups.member(group, request.params.member);
  if (member !== undefined) return member;
  throw new UaaError(
    "member_not_found",
    `Member ${request.params.member.slice(0, 64)} does not exist in group ${group.guid}`,
  );
}

async function answer(
  reply: FastifyReply,
  group: Group,
  groups: GroupTable,
): Promise<FastifyReply> {
  const members = await listedMembers(group, groups);
  return reply.header("etag", `"${group.version}"`).send(presentGroup(group, members));
}

function presentGroup(group: Group, members: readonly GroupMember[]): object {
  return {
    id: group.guid,
    meta: {
      version: group.version,
      created: iso(group.createdAt),
      lastModified: iso(group.updatedAt),
    },
    displayName: group.name,
    description: group.description,
    members: members.map(presentMember),
    zoneId: "uaa",
    schemas: ["urn:scim:schemas:core:1.0"],
  };
}

function presentMember({ userGuid, origin }: GroupMember): object {
  return { origin, type: "USER", value: userGuid };
}
