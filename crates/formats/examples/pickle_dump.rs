#![allow(missing_docs)]
fn main() {
    for path in std::env::args().skip(1) {
        let file = std::fs::File::open(&path).unwrap();
        let size = file.metadata().unwrap().len();
        let run = reproof_formats::pickle::run(&file, 0..size);
        println!(
            "{path}: {:?} of {size} root {:?} err {:?} values {}",
            run.pickle.range(),
            run.pickle.root(),
            run.error,
            run.pickle.iter().count()
        );
    }
}
