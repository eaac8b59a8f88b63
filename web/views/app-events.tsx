import { loadEvents } from "../api/app-overview.ts";
import type { AuditEvent } from "../api/records.ts";
import { Moment } from "../parts/moment.tsx";
import { Shown } from "../parts/notice.tsx";
import { usePlatformData } from "../platform.ts";

export function AppEvents({ guid }: { readonly guid: string }) {
  const live = usePlatformData(`events ${guid}`, (api, signal) => loadEvents(api, guid, signal));
  return (
    <section>
      <h2>Events</h2>
      <Shown live={live} what="the events">
        {(events) =>
          events.length === 0 ? (
            <p class="faint">None yet.</p>
          ) : (
            <table class="list">
              <caption class="spoken">Audit events, the newest first, 50 at most</caption>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Event</th>
                  <th scope="col">By</th>
                  <th scope="col">Details</th>
                </tr>
              </thead>
              <tbody>
                {events.map((event) => (
                  <tr key={event.guid}>
                    <td data-label="When">
                      <Moment at={event.created_at} />
                    </td>
                    <th scope="row">
                      <code>{event.type}</code>
                    </th>
                    <td data-label="By">{event.actor.name ?? "–"}</td>
                    <td data-label="Details" class="reason">
                      <code>{detailsOf(event)}</code>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Shown>
    </section>
  );
}

/** What the event tells beside its type: `index 0, reason CRASHED`. */
function detailsOf({ data }: AuditEvent): string {
  const entries = Object.entries(data ?? {}).filter(([, value]) => value !== null && value !== "");
  return entries
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ")
    .slice(0, 300);
}
