// In a dialog: the second factor was given, or the sign-in was cancelled. The
// script that sent the login waits for word of it.
tell(data.clearance ? 'cleared' : 'close', {clearance: data.clearance});
