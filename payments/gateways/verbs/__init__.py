"""What Razorpay can be asked for, by kind of thing. `RazorpayGateway` has all of it."""
