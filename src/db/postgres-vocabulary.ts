/**
 * What SQLite brings and PostgreSQL does not, so that migrations and queries are written once: the collation `nocase`
 * (as Cloud Controller's citext columns compare), `ifnull`, `instr`, and `json_each` over a list given as text.
 *
 * One transaction under an advisory lock: two processes that start at once would else collide in the catalogue.
 */
export function postgresVocabulary(schema: string): string {
  const name = identifier(schema);
  return `
begin;
select pg_advisory_xact_lock(hashtext('rivera schema'));
do $do$ begin
  if to_regnamespace('${name}') is null then execute 'create schema ${name}'; end if;
end $do$;
create collation if not exists nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create or replace function ifnull(anycompatible, anycompatible) returns anycompatible
  language sql immutable parallel safe as 'select coalesce($1, $2)';
create or replace function json_each(list text) returns table (value text)
  language sql immutable parallel safe rows 50
  as 'select element from json_array_elements_text(list::json) as elements(element)';
create or replace function instr(value text, part text) returns integer
  language sql immutable parallel safe as $fn$ select strpos(value collate "C", part collate "C") $fn$;
commit;`;
}

/** A schema's name comes from our own code: anything else is a bug, not something to quote. */
function identifier(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`No name of a schema: "${name}"`);
  return name;
}
