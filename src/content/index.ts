export { builtinPack, IGNORE, IN_MEMORY, LOCAL, NO_STAGE, SLEDGEHAMMER } from './builtin.ts';
export { type CheckText, checkWith, type Fault } from './check.ts';
export { Content } from './content.ts';
export { interpreterOf, systemsOf } from './entries.ts';
export type { Origin, Pack, PackMeta, PackObjects } from './layers.ts';
export type { Put, PutInput } from './local-objects.ts';
export * from './objects.ts';
export { packToYaml, parsePack } from './pack.ts';
export type { PackInfo } from './packs.ts';
export type { Uses } from './parts.ts';
export type { ContentChange } from './snapshot.ts';
export {
  readStageMapEntry,
  STAGE_ACTIONS,
  STAGE_MAP,
  type StageAction,
  type StageMapEntry,
  stageMapProblems,
} from './stage-map.ts';
export { checkPlainValue, checkSchema, checkValue, defaultOf } from './values.ts';
