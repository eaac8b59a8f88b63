import { useMemo, useState } from "preact/hooks";
import type { Build } from "../api/records.ts";
import type { BuildLog } from "../log/build-log.ts";
import { filtered, LogTools } from "../log/log-tools.tsx";
import { LogView } from "../log/log-view.tsx";
import {
  isFoldable,
  rowOfFailure,
  rowsOf,
  sectionsOf,
  type LogRow,
  type LogSection,
} from "../log/log-rows.ts";
import { explain } from "../parts/notice.tsx";

/** The log of a staging by phases: a failed one is open where it failed, a running one everywhere. */
export function BuildLogPart({ build, log }: { readonly build: Build; readonly log: BuildLog }) {
  const [filter, setFilter] = useState("");
  const [turned, setTurned] = useState<ReadonlySet<number>>(new Set());
  const sections = useMemo(() => sectionsOf(log.lines, build.error), [log.lines, build.error]);
  const rows = useMemo(() => {
    if (filter.trim() !== "") {
      return filtered(log.lines, filter).map((line): LogRow => ({ kind: "line", line }));
    }
    const opened = build.state === "STAGING" ? () => true : ({ isRed }: LogSection) => isRed;
    return rowsOf(sections, (section) => opened(section) !== turned.has(section.key));
  }, [log.lines, sections, filter, turned, build.state]);
  const toggle = ({ key }: LogSection) =>
    setTurned((before) =>
      before.has(key)
        ? new Set([...before].filter((one) => one !== key))
        : new Set([...before, key]),
    );
  const foldable = sections.filter((section) => isFoldable(section, sections));
  return (
    <section>
      <div class="section-row">
        <h2>Log</h2>
        <LogTools
          filter={filter}
          setFilter={setFilter}
          lines={log.lines}
          fileName={`build-${build.guid}.log`}
        >
          <span class="faint">
            {log.lines.length} lines{log.state === "coming" ? " so far" : ""}
            {log.gone === 0 ? "" : `, ${log.gone} older ones are not held`}
          </span>
          {foldable.length === 0 ? null : (
            <button type="button" onClick={() => setTurned(openAll(foldable, build.state))}>
              Open all
            </button>
          )}
        </LogTools>
      </div>
      {log.failure === undefined ? null : (
        <p class="stale" role="status">
          Not up to date: {explain(log.failure)} Trying again.
        </p>
      )}
      <LogBody log={log} rows={rows} toggle={toggle} isStaging={build.state === "STAGING"} />
    </section>
  );
}

function LogBody(props: {
  readonly log: BuildLog;
  readonly rows: readonly LogRow[];
  readonly toggle: (section: LogSection) => void;
  readonly isStaging: boolean;
}) {
  const { log } = props;
  if (log.state === "absent" || (log.state === "complete" && log.lines.length === 0)) {
    return <p class="faint">The platform kept no log of this build.</p>;
  }
  if (log.lines.length === 0) {
    return (
      <p class="faint" role="status">
        Waiting for the first line …
      </p>
    );
  }
  return (
    <LogView
      label="Log of the staging"
      rows={props.rows}
      follows={props.isStaging}
      beginsAt={log.state === "complete" ? rowOfFailure(props.rows) : undefined}
      margin={({ number }) => String(number)}
      toggle={props.toggle}
    />
  );
}

/** The sections that must be turned for all of them to be open. */
function openAll(sections: readonly LogSection[], state: Build["state"]): ReadonlySet<number> {
  if (state === "STAGING") return new Set();
  return new Set(sections.filter(({ isRed }) => !isRed).map(({ key }) => key));
}
