/** The iPXE script of a boot environment: its own, or one for its kernel. */
import type { Machine } from '../../machines/machines.ts';
import { type Environments, readyEnvironment } from '../environments.ts';
import { environmentScript, ownScript, type ScriptFacts } from './scripts.ts';

/**
 * Makes the script by which a machine boots its environment.
 * @param issue makes the token; called where one is in the script, once
 * @throws TinsmithError UNAVAILABLE where something is missing, INVALID_INPUT for a template that cannot be filled in
 */
export async function scriptOfEnvironment(
  environments: Environments | undefined,
  machine: Machine | undefined,
  environment: string,
  facts: Omit<ScriptFacts, 'token'>,
  issue: () => Promise<string>,
): Promise<string> {
  let issued: Promise<string> | undefined;
  const token = (): Promise<string> => {
    issued ??= issue();
    return issued;
  };
  const boots = await readyEnvironment(environments, machine, environment, facts.server, token);
  if ('ipxe' in boots) return ownScript({ contents: boots.ipxe });
  return environmentScript({ ...boots, environment }, { ...facts, token: await token() });
}
