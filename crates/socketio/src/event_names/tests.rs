//! Names with and without escapes, in every kind of packet.

use super::*;

fn rewrite_name_in_text(text: &str) -> String {
    rewrite_event_name_plainly(text.to_owned().into()).to_string()
}

#[test]
fn should_write_names_without_the_escapes_they_do_not_need() {
    for (text, expected) in [
        (r#"2["room\u003ajoin",{}]"#, r#"2["room:join",{}]"#),
        (r#"2["\u0041\u00e9\/",1]"#, r#"2["Aé/",1]"#),
        (r#"2["\ud83e\udd89"]"#, r#"2["🦉"]"#),
        (r#"217[ "\u0061"]"#, r#"217[ "a"]"#),
        (r#"2/ad[min,17["\u0061"]"#, r#"2/ad[min,17["a"]"#),
        (
            r#"51-7["\u0061",{"_placeholder":true,"num":0}]"#,
            r#"51-7["a",{"_placeholder":true,"num":0}]"#,
        ),
        (r#"51-/b,7["\u0061"]"#, r#"51-/b,7["a"]"#),
    ] {
        assert_eq!(rewrite_name_in_text(text), expected);
    }
}

#[test]
fn should_let_a_stand_in_be_for_characters_that_need_an_escape() {
    for (text, expected) in [
        (r#"2["na\"me",{"a":"\""}]"#, r#"2["na�me",{"a":"\""}]"#),
        (r#"2["a\\"]"#, "2[\"a�\"]"),
        (r#"2["\b\f\n\r\t\u0000\u001f\u0022\u005C"]"#, "2[\"���������\"]"),
        (r#"2["\ud83e"]"#, "2[\"�\"]"),
        (r#"2["\ud83e\u0041\udd89"]"#, "2[\"�A�\"]"),
    ] {
        assert_eq!(rewrite_name_in_text(text), expected);
    }
}

#[test]
fn should_take_numbers_for_names_as_javascript_does() {
    for (text, expected) in [
        ("2[1,2]", r#"2["1",2]"#),
        ("27[-5]", r#"27["-5"]"#),
        (
            r#"51-/a,[ 12 ,{"_placeholder":true,"num":0}]"#,
            r#"51-/a,[ "12" ,{"_placeholder":true,"num":0}]"#,
        ),
    ] {
        assert_eq!(rewrite_name_in_text(text), expected);
    }
}

#[test]
fn should_leave_every_other_text_alone() {
    for text in [
        "",
        "0",
        r#"0{"token":"\u0041"}"#,
        r#"2["room:join",{"room":"\u0041"}]"#,
        r#"3[1,"\u0041"]"#,
        r#"30["\u0041"]"#,
        r#"61-0["\u0041"]"#,
        r#"2["\x41"]"#,
        r#"2["\u00"]"#,
        r#"2["\u+123"]"#,
        r#"2["\é"]"#,
        r#"2["\"#,
        r#"2["\u0041"#,
        r#"2["a\"]"#,
        r#"2[{"\u0041":1}]"#,
        "2[]",
        "2[1",
        "2[007]",
        "2[1x,2]",
        "2[null,1]",
        "2[[1]]",
        "31[1,2]",
        r#"2/["\u0041"]"#,
        r#"5["\u0041"]"#,
    ] {
        assert_eq!(rewrite_name_in_text(text), text);
    }
}

#[test]
fn should_count_the_attachments_a_packet_announces() {
    for (text, announced) in [
        (r#"51-["a",{"_placeholder":true,"num":0}]"#, 1),
        (r#"62-/b,7[]"#, 2),
        (r#"2["5-1"]"#, 0),
        (r#"5["a"]"#, 0),
        ("599999999999999999999999-[]", 0),
        ("", 0),
    ] {
        let readable = make_packet_text_readable(text.to_owned().into());
        assert_eq!(readable.attachments, announced, "{text}");
    }
}
