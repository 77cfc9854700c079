import { notifications } from '@mantine/notifications';

export function showFailureAsToast(title: string, message: string): void {
  notifications.show({ color: 'red', title, message, autoClose: 8_000 });
}

export function showSuccessAsToast(title: string, message: string): void {
  notifications.show({ color: 'green', title, message, autoClose: 4_000 });
}
