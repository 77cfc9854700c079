import { Divider, Modal } from '@mantine/core';
import { LoginSessionList } from './LoginSessionList';
import { PasswordForm } from './PasswordForm';

export function AccountDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Password and sign-ins" size="lg">
      <PasswordForm />
      <Divider my="lg" />
      <LoginSessionList />
    </Modal>
  );
}
