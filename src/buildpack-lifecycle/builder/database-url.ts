// The schemes of databases that Rails knows, and what it calls them.
const schemes: Readonly<Record<string, string>> = {
  mysql: "mysql2",
  mysql2: "mysql2",
  postgres: "postgres",
  postgresql: "postgres",
};

/** DATABASE_URL from the first bound service with a `credentials.uri` of a relational database, if there is one. */
export function databaseUrl(vcapServices: string): string | undefined {
  for (const uri of credentialUris(vcapServices)) {
    const match = /^([a-z0-9]+):(.*)$/is.exec(uri);
    const scheme = schemes[match?.[1]?.toLowerCase() ?? ""];
    if (scheme !== undefined) return `${scheme}:${match?.[2] ?? ""}`;
  }
  return undefined;
}

function credentialUris(vcapServices: string): string[] {
  let services: unknown;
  try {
    services = JSON.parse(vcapServices);
  } catch {
    return []; // An app may put anything there; the scripts see it as it is.
  }
  if (typeof services !== "object" || services === null) return [];
  const bindings: unknown[] = Object.values(services).flat();
  return bindings.flatMap((binding) => {
    if (typeof binding !== "object" || binding === null) return [];
    const credentials = "credentials" in binding ? binding.credentials : undefined;
    if (typeof credentials !== "object" || credentials === null) return [];
    const uri = "uri" in credentials ? credentials.uri : undefined;
    return typeof uri === "string" && uri !== "" ? [uri] : [];
  });
}
