import type { RecordColumns } from "../database/record.ts";

/** Who may call a route: an app, all of a space, all of an organization, or anybody. */
export interface RoutePolicyTable extends RecordColumns {
  readonly routeGuid: string;
  readonly sourceType: "app" | "space" | "org" | "any";
  /** Empty for anybody. */
  readonly sourceGuid: string;
}
