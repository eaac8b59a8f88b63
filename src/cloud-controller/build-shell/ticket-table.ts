export interface ShellTicketTable {
  /** Hex, of the ticket: whoever reads the table can open nothing. */
  readonly sha256: string;
  readonly buildGuid: string;
  /** JSON of the `Actor` that it was given to. */
  readonly actor: string;
  readonly expiresAt: string;
}
