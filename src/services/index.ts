/** Services of workflows, as they are reached from the network: their routing labels, and the way to them. */
export { type LabelProblem, type Route, routesOf } from './labels.ts';
export { matches, parseRule, type Rule, type RuleRequest } from './rules.ts';
