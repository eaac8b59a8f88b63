/** Labels and annotations of all resources. A web process has its app's guid, so the type is part of the key. */
export interface MetadataTable {
  readonly resourceType: MetadataOwner;
  readonly resourceGuid: string;
  readonly kind: "label" | "annotation";
  readonly key: string;
  readonly value: string;
}

export type MetadataOwner =
  | "app"
  | "build"
  | "buildpack"
  | "deployment"
  | "domain"
  | "droplet"
  | "isolation_segment"
  | "organization"
  | "package"
  | "revision"
  | "process"
  | "route"
  | "route_policy"
  | "space"
  | "stack"
  | "task"
  | "user";
