//! libFuzzer inside a test: it calls back for each input, and ends the process when its time is over.

use std::{
    cell::RefCell,
    ffi::{CString, c_char, c_int},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

// Linked for its `LLVMFuzzerTestOneInput`, which turns a pointer and a length into the slice below.
use libfuzzer_sys as _;

/// What libFuzzer is told, one argument a line.
const ARGUMENTS_VARIABLE: &str = "OWLPOST_FUZZ_ARGUMENTS";

type Check = Box<dyn FnMut(&[u8])>;

thread_local! {
    static CHECK: RefCell<Option<Check>> = const { RefCell::new(None) };
}

#[allow(unsafe_code)]
mod foreign {
    use super::{c_char, c_int, check_one_input_of_libfuzzer};

    unsafe extern "C" {
        pub(super) fn LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> c_int;
        pub(super) fn LLVMFuzzerRunDriver(
            count: *mut c_int,
            arguments: *mut *mut *mut c_char,
            check: unsafe extern "C" fn(*const u8, usize) -> c_int,
        ) -> c_int;
    }

    // SAFETY: the name is the one `libfuzzer_sys` asks its user to define, with this signature. Both sides are Rust.
    #[unsafe(no_mangle)]
    #[allow(improper_ctypes_definitions)]
    extern "C" fn rust_fuzzer_test_input(input: &[u8]) -> c_int {
        check_one_input_of_libfuzzer(input);
        0
    }
}

/// The message of a panic is printed by then. What aborts here is not unwound into C++, and libFuzzer sees it.
fn check_one_input_of_libfuzzer(input: &[u8]) {
    let checked = catch_unwind(AssertUnwindSafe(|| {
        CHECK.with_borrow_mut(|check| check.as_mut().expect("a check")(input));
    }));
    if checked.is_err() {
        std::process::abort();
    }
}

/// Hands `check` one input after the other, on this thread. Does not return: the process ends with libFuzzer.
pub(crate) fn run_libfuzzer_until_time(check: impl FnMut(&[u8]) + 'static) {
    CHECK.set(Some(Box::new(check)));
    let given = std::env::var(ARGUMENTS_VARIABLE).expect("started by `make fuzz`");
    let arguments: Vec<CString> = std::iter::once("fuzz")
        .chain(given.lines())
        .map(|argument| CString::new(argument).expect("no NUL"))
        .collect();
    let mut pointers: Vec<*mut c_char> =
        arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
    let mut count = c_int::try_from(pointers.len()).expect("few");
    pointers.push(ptr::null_mut());
    let mut first = pointers.as_mut_ptr();
    // SAFETY: the arguments are what `main` gets: that many strings, and a null; they outlive the call.
    #[allow(unsafe_code)]
    let code = unsafe {
        foreign::LLVMFuzzerRunDriver(
            &raw mut count,
            &raw mut first,
            foreign::LLVMFuzzerTestOneInput,
        )
    };
    std::process::exit(code);
}
