/** A document of Tinkerbell's, as Kubernetes writes it. */
export interface Resource {
  apiVersion: string;
  kind: 'Hardware' | 'Template' | 'Workflow';
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}
