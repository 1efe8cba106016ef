/** Documents as people of Tinkerbell have them. */
export const HARDWARE = `apiVersion: tinkerbell.org/v1alpha1
kind: Hardware
metadata:
  name: node-1
  namespace: tink-system
  labels:
    rack: a1
spec:
  disks:
    - device: /dev/sda
  metadata:
    facility:
      facility_code: onprem
    instance:
      hostname: node-1
      operating_system:
        distro: ubuntu
        version: "24.04"
  interfaces:
    - dhcp:
        arch: x86_64
        hostname: node-1
        ip:
          address: 192.168.2.11
          gateway: 192.168.2.1
          netmask: 255.255.255.0
        lease_time: 86400
        mac: 08:00:27:AA:00:01
        name_servers:
          - 1.1.1.1
        uefi: true
      netboot:
        allowPXE: true
        allowWorkflow: true
        osie:
          baseURL: http://192.168.2.1/osie
          kernelParams: ["quiet"]
`;

export const TEMPLATE = `apiVersion: "tinkerbell.org/v1alpha1"
kind: Template
metadata:
  name: ubuntu
  namespace: tink-system
spec:
  data: |
    version: "0.1"
    name: ubuntu_noble
    global_timeout: 1800
    tasks:
      - name: "os installation"
        worker: "{{.device_1}}"
        volumes:
          - /dev:/dev
        actions:
          - name: "stream image"
            image: quay.io/tinkerbell/actions/image2disk:latest
            timeout: 600
            environment:
              DEST_DISK: {{ index .Hardware.Disks 0 }}
`;

export const WORKFLOW = `apiVersion: tinkerbell.org/v1alpha1
kind: Workflow
metadata:
  name: node-1-install
  namespace: tink-system
spec:
  templateRef: ubuntu
  hardwareRef: node-1
  hardwareMap:
    device_1: 08:00:27:aa:00:01
`;

export const ALL = [HARDWARE, TEMPLATE, WORKFLOW].join('---\n');

export const PLAIN = `# Restarts a machine.
version: "0.1"
name: restart
tasks:
  - name: restart
    worker: {{.device_1}}
    actions:
      - name: restart
        verb: reboot
`;

export const CLI_HARDWARE = `{
  "id": "0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94",
  "metadata": { "state": "provisioning" },
  "network": {
    "interfaces": [
      { "dhcp": { "mac": "08:00:27:aa:00:02", "hostname": "node-2" }, "netboot": { "allow_pxe": true } }
    ]
  }
}
`;
