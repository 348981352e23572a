begin(() => {});
waitOut(data.seconds);
