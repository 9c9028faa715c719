//! Progress bars, on a terminal and for work that lasts.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reproof_progress::{Progress, Unit};

/// Draws one bar at a time on standard error; draws nothing when that is not a terminal.
pub(crate) struct Bars {
    current: Mutex<ProgressBar>,
}

impl Bars {
    /// No bar yet.
    pub(crate) fn new() -> Self {
        Self { current: Mutex::new(ProgressBar::hidden()) }
    }

    fn bar(&self) -> MutexGuard<'_, ProgressBar> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn begin(&self, task: &str, total: Option<u64>, unit: Unit) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let amounts = match unit {
            Unit::Bytes => "{binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}",
            Unit::Items => "{pos}/{len}",
        };
        let template = format!("{{spinner}} {{msg}} {{bar:24}} {amounts} {{eta}}");
        let style = ProgressStyle::with_template(&template).expect("the template is well formed");
        // Four draws a second: work that ends sooner shows nothing.
        let target = ProgressDrawTarget::stderr_with_hz(4);
        let bar =
            ProgressBar::with_draw_target(total, target).with_style(style).with_message(task.to_owned());
        *self.bar() = bar;
    }

    fn advance(&self, amount: u64) {
        self.bar().inc(amount);
    }

    fn end(&self) {
        self.bar().finish_and_clear();
    }
}
