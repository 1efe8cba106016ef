/** Makes subnets be what documents say. */
import { fieldOf, SUBNET_KIND, type Subnet, type SubnetRecord, type Subnets } from '../boots/subnets/index.ts';
import type { Problem } from '../errors.ts';
import { unifiedDiff } from '../manifests/diff.ts';
import { toYaml } from '../manifests/index.ts';
import type { SubnetDocument } from './content-documents.ts';
import type { Applied } from './shapes/manifest.ts';

/** What is wrong with documents of subnets, each with its place. */
export function subnetProblems(documents: readonly SubnetDocument[], subnets: Subnets): Problem[] {
  return subnets.check(documents.map(({ input }) => input)).problems.flatMap(({ index, path, message }) => {
    const place = documents[index]?.placeOf(path, message.startsWith('unknown key') ? 'key' : 'value');
    return [{ field: fieldOf(path), message, ...place }];
  });
}

/**
 * Applies documents without problems, all of them or none.
 * @throws TinsmithError INVALID_INPUT: somebody else has changed what there is meanwhile
 */
export async function applySubnets(
  documents: readonly SubnetDocument[],
  { dryRun }: { dryRun: boolean },
  subnets: Subnets,
): Promise<{ applied: Applied['objects']; warnings: Problem[] }> {
  const inputs = documents.map(({ input }) => input);
  const { reads } = subnets.check(inputs);
  // Before they are put: what is there then is what they say.
  const applied = reads.flatMap(({ subnet }, i) =>
    subnet === undefined ? [] : [changeOf(subnet, subnets.find(subnet.name), documents[i]?.line ?? 1)],
  );
  const warnings = (i: number, messages: readonly string[]): Problem[] =>
    messages.map((message) => ({ field: '', message, line: documents[i]?.line ?? 1 }));
  if (dryRun || inputs.length === 0) return { applied, warnings: [] };
  const puts = await subnets.putAll(inputs);
  const told = puts.flatMap(({ unsupported, warnings: about }, i) =>
    warnings(i, [...unsupported.map((what) => `nothing is done with ${what}`), ...about]),
  );
  return { applied, warnings: told };
}

/** A subnet as a document that can be applied again. */
export function subnetDocument({ subnet }: Pick<SubnetRecord, 'subnet'>): object {
  return { kind: SUBNET_KIND, ...subnet };
}

function changeOf(subnet: Subnet, before: SubnetRecord | undefined, line: number): Applied['objects'][number] {
  const [from, to] = [
    before === undefined ? '' : toYaml([subnetDocument(before)]),
    toYaml([subnetDocument({ subnet })]),
  ];
  const action = before === undefined ? 'created' : from === to ? 'unchanged' : 'changed';
  return { kind: 'subnet', name: subnet.name, action, line, diff: unifiedDiff(from, to) };
}
