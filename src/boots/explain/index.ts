export { explain, lastBoot, progressOf } from './explain.ts';
export type {
  ExplainFacts,
  Explanation,
  MachineFacts,
  NetworkFacts,
  RoleFacts,
  State,
  WorkflowFacts,
} from './facts.ts';
export {
  ALLOWED,
  type BootProgress,
  isOverdue,
  type Leads,
  STAGES,
  type Stage,
  type StageName,
  stagesOf,
} from './stages.ts';
