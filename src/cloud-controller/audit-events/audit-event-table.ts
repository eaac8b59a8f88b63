import type { RecordColumns } from "../database/record.ts";

export interface AuditEventTable extends RecordColumns {
  readonly type: string;
  readonly actorGuid: string;
  readonly actorType: string;
  readonly actorName: string;
  readonly targetGuid: string;
  readonly targetType: string;
  readonly targetName: string;
  /** Kept after the space has gone, so no foreign key. */
  readonly spaceGuid: string | null;
  readonly organizationGuid: string | null;
  /** JSON object, without secrets. */
  readonly data: string;
}
