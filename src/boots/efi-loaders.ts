/** Where systems put their UEFI loaders on their disks, the standard's own fallback first (UEFI 2.10, section 3.5.1.1). */
export const EFI_LOADERS = [
  '/EFI/BOOT/BOOTX64.EFI',
  '/EFI/debian/shimx64.efi',
  '/EFI/debian/grubx64.efi',
  '/EFI/ubuntu/shimx64.efi',
  '/EFI/ubuntu/grubx64.efi',
  '/EFI/fedora/shimx64.efi',
  '/EFI/rocky/shimx64.efi',
  '/EFI/almalinux/shimx64.efi',
  '/EFI/centos/shimx64.efi',
  '/EFI/redhat/shimx64.efi',
  '/EFI/opensuse/shim.efi',
  '/EFI/systemd/systemd-bootx64.efi',
  '/EFI/Microsoft/Boot/bootmgfw.efi',
];

/** The same for arm64. */
export const EFI_LOADERS_ARM64 = EFI_LOADERS.filter((path) => !path.includes('opensuse')).map((path) =>
  path.replace('BOOTX64.EFI', 'BOOTAA64.EFI').replace(/x64\.efi$/, 'aa64.efi'),
);
