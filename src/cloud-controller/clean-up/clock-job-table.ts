/** The last run of each clean-up: shown to operators, and what keeps two processes from doing one at once. */
export interface ClockJobTable {
  readonly name: string;
  readonly lastStartedAt: string | null;
  readonly lastCompletedAt: string | null;
  /** How many were removed; null while it runs and where it failed. */
  readonly lastResult: string | null;
  readonly lastError: string | null;
}
