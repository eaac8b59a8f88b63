import { organizationRoles, spaceRoles } from "./role-table.ts";

type Given = Readonly<Record<string, unknown>>;

/**
 * What is wrong with the relationships of a new role, in the order and the words of the original's message: who is to
 * have it, where, and only then the form of each.
 */
export function relationshipFaults(type: unknown, relationships: Given): string[] {
  const { user, space, organization, ...others } = relationships;
  const unknown = Object.keys(others).map((key) => `'${key}'`);
  const ofUser = userFaults(user);
  const ofPlace = placeFaults(type, { space: dataOf(space), organization: dataOf(organization) });
  return [
    ...(unknown.length > 0 ? [`Unknown field(s): ${unknown.join(", ")}`] : []),
    ...ofUser,
    ...ofPlace,
    ...(ofPlace.length > 0 || (space ?? null) === null ? [] : toOneFaults("space", space)),
    ...(ofPlace.length > 0 || (organization ?? null) === null
      ? []
      : toOneFaults("organization", organization)),
    ...(ofUser.length > 0 ? [] : identityFaults(user)),
  ];
}

function userFaults(user: unknown): string[] {
  const { guid, username, origin } = keysOf(dataOf(user));
  const rules: readonly [boolean, string][] = [
    [isBlank(user), "User can't be blank"],
    [guid && username, "Username cannot be specified when identifying user by guid"],
    [guid && origin, "User origin cannot be specified when identifying user by guid"],
    [!username && origin, "User origin cannot be specified without specifying the username"],
    [!username && !guid, "User must have a username or guid specified"],
  ];
  return rules.flatMap(([holds, fault]) => (holds ? [fault] : []));
}

/** Once it is clear which way the user is named. */
function identityFaults(user: unknown): string[] {
  const data = asGiven(dataOf(user));
  if ("guid" in data) return toOneFaults("user", user);
  const { username, origin } = data;
  return [
    ...(typeof username === "string" ? [] : ["Username must be a string"]),
    ...(typeof (origin ?? "") === "string" ? [] : ["User origin must be a string"]),
  ];
}

function placeFaults(
  type: unknown,
  { space, organization }: { readonly space: unknown; readonly organization: unknown },
): string[] {
  const isIn = (roles: readonly string[]) => typeof type === "string" && roles.includes(type);
  const hasSpace = (space ?? null) !== null;
  const hasOrganization = (organization ?? null) !== null;
  const rules: readonly [boolean, string][] = [
    [!hasSpace && !hasOrganization, "must specify either a space or an organization."],
    [
      hasSpace && isIn(organizationRoles),
      `Space cannot be provided with the organization role type: '${String(type)}'.`,
    ],
    [
      hasOrganization && isIn(spaceRoles),
      `Organization cannot be provided with the space role type: '${String(type)}'.`,
    ],
    [hasSpace && hasOrganization, "cannot specify both an organization and a space."],
  ];
  return rules.flatMap(([holds, fault]) => (holds ? [fault] : []));
}

function toOneFaults(name: "user" | "space" | "organization", value: unknown): string[] {
  const noun = name.charAt(0).toUpperCase() + name.slice(1);
  const data = dataOf(value);
  const isFormed =
    Object.keys(asGiven(value)).join() === "data" &&
    (data === null || Object.keys(asGiven(data)).join() === "guid");
  if (!isFormed) {
    return [`${noun} must be structured like this: "${name}: {"data": {"guid": "valid-guid"}}"`];
  }
  if (data === null) return [];
  const { guid } = asGiven(data);
  const length = `${noun} guid must be between 1 and 200 characters`;
  if (typeof guid !== "string") return [`${noun} guid must be a string`, length];
  return guid.length >= 1 && guid.length <= 200 ? [] : [length];
}

function keysOf(data: unknown) {
  const given = asGiven(data);
  return { guid: "guid" in given, username: "username" in given, origin: "origin" in given };
}

function dataOf(relationship: unknown): unknown {
  return asGiven(relationship)["data"];
}

/** Nothing where it is no object. */
export function asGiven(value: unknown): Given {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** What Rails calls blank, of what JSON has. */
function isBlank(value: unknown): boolean {
  if (typeof value === "object") return Object.keys(value ?? {}).length === 0;
  return value === undefined || value === false || (typeof value === "string" && !value.trim());
}
