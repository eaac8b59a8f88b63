/**
 * The views, each with an address to paste. They stand behind the `#`: so the page works below any path that a proxy puts
 * it under, and which app somebody looks at is in no server's log.
 */
export type View =
  | { readonly name: "apps"; readonly space: string | undefined; readonly page: number }
  | { readonly name: "app"; readonly guid: string; readonly part: AppPart }
  | { readonly name: "build"; readonly guid: string; readonly part: BuildPart }
  | { readonly name: "nothing"; readonly address: string };

export const appParts = ["overview", "logs", "builds", "events"] as const;
export type AppPart = (typeof appParts)[number];

export const buildParts = ["log", "timeline", "detection", "droplet", "terminal"] as const;
export type BuildPart = (typeof buildParts)[number];

/** `#/`, `#/apps?space=GUID&page=2`, `#/apps/GUID/logs`, `#/builds/GUID/timeline`. */
export function parseView(hash: string): View {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [kind = "", guid, part, ...more] = path.split("/").filter((segment) => segment !== "");
  const parameters = new URLSearchParams(query);
  const nothing = { name: "nothing", address: hash } as const;
  if (more.length > 0) return nothing;
  if (guid === undefined) {
    if (kind !== "" && kind !== "apps") return nothing;
    const page = Number(parameters.get("page") ?? "1");
    const space = parameters.get("space") ?? undefined;
    return { name: "apps", space, page: Number.isInteger(page) && page > 0 ? page : 1 };
  }
  if (!/^[\w-]+$/.test(guid)) return nothing;
  if (kind === "apps") {
    const known = partOf(appParts, part);
    return known === undefined ? nothing : { name: "app", guid, part: known };
  }
  if (kind === "builds") {
    const known = partOf(buildParts, part);
    return known === undefined ? nothing : { name: "build", guid, part: known };
  }
  return nothing;
}

export function addressOf(view: Exclude<View, { name: "nothing" }>): string {
  switch (view.name) {
    case "apps": {
      const query = new URLSearchParams();
      if (view.space !== undefined) query.set("space", view.space);
      if (view.page > 1) query.set("page", String(view.page));
      return query.size === 0 ? "#/" : `#/apps?${query.toString()}`;
    }
    case "app":
      return `#/apps/${view.guid}${view.part === "overview" ? "" : `/${view.part}`}`;
    case "build":
      return `#/builds/${view.guid}${view.part === "log" ? "" : `/${view.part}`}`;
  }
}

/** The first part where the address names none. */
function partOf<Part extends string>(
  parts: readonly [Part, ...Part[]],
  asked: string | undefined,
): Part | undefined {
  return asked === undefined ? parts[0] : parts.find((part) => part === asked);
}
