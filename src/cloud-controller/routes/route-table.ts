import type { RecordColumns } from "../database/record.ts";

export interface RouteTable extends RecordColumns {
  readonly spaceGuid: string;
  readonly domainGuid: string;
  /** Empty for the domain itself. */
  readonly host: string;
  /** Empty, or begins with a slash. */
  readonly path: string;
  /** JSON object of strings. */
  readonly options: string;
}

/** Further spaces whose apps a route may lead to. */
export interface RouteShareTable {
  readonly routeGuid: string;
  readonly spaceGuid: string;
}

export interface DestinationTable extends RecordColumns {
  readonly routeGuid: string;
  readonly appGuid: string;
  readonly processType: string;
  /** Of the container. */
  readonly port: number;
  readonly weight: number | null;
  readonly protocol: "http1" | "http2";
}
