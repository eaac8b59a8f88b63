import { interpretRecords } from "#cloud-controller/build-observations/interpret-records.ts";
import {
  nothingYet,
  type Progress,
  type Span,
} from "#cloud-controller/build-observations/observation-table.ts";
import type { ObservationBatch } from "#diego/models/observation.ts";

/** What has been told of one staging, as Cloud Controller keeps it with a build; here in memory, and without its lines. */
export class StagingRecord {
  readonly #nameOf: (key: string) => string;
  #progress: Progress = nothingYet;
  #spans: readonly Span[] = [];

  /** `nameOf` gives a buildpack's name for the key that the builder knows it by. */
  constructor(nameOf: (key: string) => string) {
    this.#nameOf = nameOf;
  }

  take(batch: ObservationBatch): void {
    const { progress, spans } = interpretRecords(this.#progress, batch, this.#nameOf);
    this.#progress = progress;
    this.#spans = [...this.#spans, ...spans];
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }
}
