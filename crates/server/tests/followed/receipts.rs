//! Told, delivered, seen and read, each as far as it is proved.

#![allow(clippy::unwrap_used)]

use owlpost_domain::receipts::ReceiptChange;
use uuid::Uuid;

use super::Castle;

async fn find_first_notification(castle: &Castle, user: &owlpost_domain::User) -> Uuid {
    let told = castle.store().list_notifications_for_user(user.id, false, None, 1).await.unwrap();
    told.0.rows[0].id
}

#[tokio::test]
async fn should_note_what_is_proved_once_and_nothing_of_others() {
    let castle = Castle::open().await;
    let incident = castle.report_critical().await;
    let [tonks, moody] = &castle.aurors;
    let (of_tonks, of_moody) = (
        find_first_notification(&castle, tonks).await,
        find_first_notification(&castle, moody).await,
    );
    let read = async || {
        let receipts = castle.store().read_receipts_of_incident(incident.id).await.unwrap();
        (receipts.told, receipts.delivered, receipts.seen)
    };
    assert_eq!(read().await, (2, 0, 0));
    // Nobody sees for somebody else, and nobody knows of what there is not.
    let others = [
        ReceiptChange::Seen { user_id: tonks.id, notification_id: of_moody },
        ReceiptChange::Seen { user_id: tonks.id, notification_id: Uuid::new_v4() },
        ReceiptChange::Delivered(Uuid::new_v4()),
        ReceiptChange::Viewed { user_id: castle.student.id, incident_id: incident.id },
    ];
    assert!(castle.store().apply_receipt_changes_group(&others).await.unwrap().is_empty());
    assert_eq!(read().await, (2, 0, 0));
    let delivered = [ReceiptChange::Delivered(of_tonks), ReceiptChange::Delivered(of_tonks)];
    let changed = castle.store().apply_receipt_changes_group(&delivered).await.unwrap();
    assert_eq!(changed, [incident.id]);
    assert!(castle.store().apply_receipt_changes_group(&delivered).await.unwrap().is_empty());
    assert_eq!(read().await, (2, 1, 0));
    // What is seen was delivered.
    let seen = [ReceiptChange::Viewed { user_id: moody.id, incident_id: incident.id }];
    castle.store().apply_receipt_changes_group(&seen).await.unwrap();
    assert_eq!(read().await, (2, 2, 1));
    // What is read was seen, and stays so when its notification is dismissed.
    let _ = castle.store().mark_own_notification_read(tonks.id, of_tonks, None).await.unwrap();
    let _ = castle.store().delete_notification_for_user(tonks.id, of_tonks, None).await.unwrap();
    assert_eq!(read().await, (2, 2, 2));
    let receipts = castle.store().read_receipts_of_incident(incident.id).await.unwrap();
    let person = receipts.people.iter().find(|person| person.user.id == tonks.id).unwrap();
    assert!(person.read_at.is_some() && person.delivered_at <= person.seen_at);
    assert!(!person.is_online && person.offline_since.is_none());
}

#[tokio::test]
async fn should_count_each_person_once_whatever_they_were_told_for() {
    let castle = Castle::open().await;
    let incident = castle.report_critical().await;
    let words = "@tonks @moody come";
    let written =
        castle.store().create_comment_with_mentions(&castle.student, incident.id, words, None);
    let _ = written.await.unwrap();
    let receipts = castle.store().read_receipts_of_incident(incident.id).await.unwrap();
    assert_eq!((receipts.told, receipts.people.len()), (2, 2));
    assert_eq!(receipts.to_event().people.len(), 2);
}
