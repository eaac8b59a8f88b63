import type { RecordColumns } from "../database/record.ts";

/** Cloud Controller's own record of a user or client of UAA; the guid is UAA's. */
export interface UserTable extends RecordColumns {
  /** Null for a client, and until a token or UAA has told it. */
  readonly username: string | null;
  /** Finds him by his name, without regard to case as in UAA; empty where there is none. */
  readonly usernameKey: string;
  readonly origin: string | null;
}
