import { loadAppsPage, loadSpaces, type AppLine, type AppsPage } from "../api/apps-page.ts";
import { usePlatform, usePlatformData } from "../platform.ts";
import { megabytesText } from "../parts/amount.ts";
import { Moment } from "../parts/moment.tsx";
import { Notice, Shown } from "../parts/notice.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { appTone, buildWord, instancesText } from "./state-words.ts";
import { routeAddress } from "./route-address.ts";
import { addressOf, type View } from "./view-address.ts";

type AppsViewAddress = Extract<View, { name: "apps" }>;

/** Every app that the user sees, or those of one space. */
export function AppsView({ view }: { readonly view: AppsViewAddress }) {
  const live = usePlatformData(`apps ${view.space ?? ""} ${view.page}`, (api, signal) =>
    loadAppsPage(api, view, signal),
  );
  return (
    <>
      <div class="title-row">
        <h1>Apps</h1>
        <SpaceChoice view={view} />
      </div>
      <Shown live={live} what="the apps">
        {(page) => {
          if (page.total === 0) return <NoApps view={view} />;
          if (page.lines.length === 0) return <NoSuchPage page={page} view={view} />;
          return <AppTable page={page} view={view} />;
        }}
      </Shown>
    </>
  );
}

function SpaceChoice({ view }: { readonly view: AppsViewAddress }) {
  const live = usePlatformData("spaces", loadSpaces, { everyMs: 30_000 });
  const choose = (event: { currentTarget: HTMLSelectElement }) => {
    const space = event.currentTarget.value === "" ? undefined : event.currentTarget.value;
    location.hash = addressOf({ name: "apps", space, page: 1 });
  };
  const organizations = live.kind === "shown" ? live.value : [];
  return (
    <label class="choice">
      <span>Space</span>
      <select value={view.space ?? ""} onChange={choose}>
        <option value="">All</option>
        {organizations.map((organization) => (
          <optgroup key={organization.name} label={organization.name}>
            {organization.spaces.map((space) => (
              <option key={space.guid} value={space.guid}>
                {organization.name} / {space.name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function NoApps({ view }: { readonly view: AppsViewAddress }) {
  const { api } = usePlatform();
  return (
    <Notice title={view.space === undefined ? "No app yet" : "No app in this space yet"}>
      <p>In the folder of an app, push it; it appears here while it is staged:</p>
      <pre class="command">
        cf login -a {api.address}
        {"\n"}cf push my-app
      </pre>
      <p>
        Apps of spaces in which you have no role are not shown. <code>cf spaces</code> lists yours.
      </p>
    </Notice>
  );
}

/** The address is an old one: apps were deleted since. */
function NoSuchPage({ page, view }: { readonly page: AppsPage; readonly view: AppsViewAddress }) {
  return (
    <Notice title={`There is no page ${view.page}`}>
      <p>
        <a href={addressOf({ ...view, page: page.pages })}>Page {page.pages}</a> is the last one.
      </p>
    </Notice>
  );
}

function AppTable(props: { readonly page: AppsPage; readonly view: AppsViewAddress }) {
  const { page, view } = props;
  return (
    <>
      <table class="list apps">
        <caption class="spoken">Apps, by name</caption>
        <thead>
          <tr>
            <th scope="col">App</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Instances
            </th>
            <th scope="col" class="number">
              Memory
            </th>
            <th scope="col">Routes</th>
            <th scope="col">Last build</th>
          </tr>
        </thead>
        <tbody>
          {page.lines.map((line) => (
            <AppRow key={line.app.guid} line={line} />
          ))}
        </tbody>
      </table>
      {page.pages > 1 ? <Pages view={view} pages={page.pages} total={page.total} /> : null}
    </>
  );
}

function AppRow({ line }: { readonly line: AppLine }) {
  const { appsPort } = usePlatform();
  const { app, place, lastBuild } = line;
  const [tone, word] = appTone(line);
  return (
    <tr>
      <th scope="row">
        <a href={addressOf({ name: "app", guid: app.guid, part: "overview" })}>{app.name}</a>
        <span class="place">
          {place.organization} / {place.space}
        </span>
      </th>
      <td data-label="State">
        <StateMark tone={tone}>{word}</StateMark>
      </td>
      <td data-label="Instances" class="number">
        {instancesText(line)}
      </td>
      <td data-label="Memory" class="number">
        {megabytesText(line.memoryInMb)}
      </td>
      <td data-label="Routes" class="routes">
        {line.routes.length === 0 ? <span class="faint">none</span> : null}
        {line.routes.slice(0, 2).map((route) => (
          <a key={route} href={routeAddress(route, appsPort)} rel="noreferrer" target="_blank">
            {route}
          </a>
        ))}
        {line.routes.length > 2 ? (
          <span class="faint">and {line.routes.length - 2} more</span>
        ) : null}
      </td>
      <td data-label="Last build">
        {lastBuild === undefined ? (
          <span class="faint">none</span>
        ) : (
          <a href={addressOf({ name: "build", guid: lastBuild.guid, part: "log" })}>
            <StateMark {...buildWord(lastBuild.state)} /> <Moment at={lastBuild.created_at} />
          </a>
        )}
      </td>
    </tr>
  );
}

function Pages(props: {
  readonly view: AppsViewAddress;
  readonly pages: number;
  readonly total: number;
}) {
  const { view, pages, total } = props;
  const to = (page: number) => addressOf({ ...view, page });
  return (
    <nav class="pages" aria-label="Pages of apps">
      {view.page > 1 ? <a href={to(view.page - 1)}>Previous</a> : <span />}
      <span>
        Page {view.page} of {pages}, {total} apps
      </span>
      {view.page < pages ? <a href={to(view.page + 1)}>Next</a> : <span />}
    </nav>
  );
}
